package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.stats.FaultCounts;
import dev.thaw.image.stats.FaultLatency;
import dev.thaw.image.stats.SpaceStats;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The pager's histogram holds every fault once. */
@Tag("kernel")
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LatencyIT {
  private static SpaceStats run(int corruptPerMille, int killEveryMillis) throws Exception {
    long seed = Long.getLong("thaw.model.seed", System.nanoTime());
    System.out.println("latency: seed " + seed);
    ModelRun run =
        new ModelRun(
            seed, 3, 500, 300, 300, 1500, corruptPerMille, 100_000, true, killEveryMillis, false);
    return run.run().stats().total();
  }

  private static long count(SpaceStats stats, String kind) {
    return stats.latency().stream()
        .filter(l -> l.kind().equals(kind))
        .mapToLong(FaultLatency::count)
        .sum();
  }

  @Test
  void itsCountIsTheNumberOfFaultsAndEachKindIsInIt() throws Exception {
    SpaceStats stats = run(30, 0);
    FaultCounts counts = stats.counts();
    assertEquals(counts.faults(), stats.all().count());
    for (FaultLatency latency : stats.latency()) {
      assertTrue(latency.count() > 0, latency.kind());
      assertTrue(latency.p50Nanos() <= latency.p999Nanos(), latency.kind());
      assertTrue(latency.p999Nanos() <= latency.maxNanos(), latency.kind());
      assertTrue(latency.sumNanos() >= latency.maxNanos(), latency.kind());
    }
    assertTrue(count(stats, FaultLatency.WAITED) <= counts.waits());
  }

  @Test
  void itOutlivesThePager() throws Exception {
    SpaceStats stats = run(0, 30);
    long answered = stats.all().count();
    // A fault that was in hand when the pager died is read, and counted, again.
    assertTrue(answered > 0 && answered <= stats.counts().faults(), stats.toString());
    assertTrue(answered > stats.counts().faults() / 2, stats.toString());
  }
}
