package dev.thaw.pager;

import dev.thaw.image.stats.FaultCounts;
import dev.thaw.image.stats.SpaceStats;
import dev.thaw.image.stats.TreeStats;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * Reads the session's counters and latencies. They are written meanwhile: each number is right at
 * some moment, not all of them at the same one.
 */
final class StatsReader {
  private final SessionTable session;
  private final LatencyTable totalLatency = new LatencyTable();

  private StatsReader(SessionTable session) {
    this.session = session;
  }

  /**
   * The stats of now.
   *
   * @param initPid the thaw-init that holds the session
   */
  static TreeStats read(SessionTable session, int initPid) {
    return new StatsReader(session).tree(initPid);
  }

  private TreeStats tree(int initPid) {
    List<SpaceStats> spaces = new ArrayList<>();
    long queue = 0;
    for (int space = 0; space < session.spaceCount(); space++) {
      if (session.ref(space, Tables.REF_STATE) == Tables.STATE_READY) {
        spaces.add(space(space));
        queue += queued(space);
      }
    }
    LatencyTable endedLatency = new LatencyTable();
    endedLatency.add(session, Tables.LATENCY_GONE);
    totalLatency.add(endedLatency);
    FaultCounts ended =
        counts(counter -> session.getLong(Tables.GONE + Long.BYTES * counter.ordinal()));
    return new TreeStats(
        Instant.now().truncatedTo(ChronoUnit.MILLIS).toString(),
        initPid,
        session.get(Tables.PAGER_PID),
        session.get(Tables.FILL_DONE) != 0,
        session.get(Tables.SERVING) == Tables.SERVING_RETIRED,
        session.getLong(Tables.CONTENT_PAGES),
        session.getLong(Tables.FILLED_PAGES),
        queue,
        new SpaceStats(SpaceStats.SUM, 0, counts(session::total), totalLatency.latencies()),
        spaces,
        new SpaceStats(SpaceStats.SUM, 0, ended, endedLatency.latencies()));
  }

  private SpaceStats space(int space) {
    LatencyTable latency = new LatencyTable();
    latency.add(session, Tables.LATENCY + space * Tables.LATENCY_BYTES);
    totalLatency.add(latency);
    return new SpaceStats(
        space,
        session.ref(space, Tables.REF_PID),
        counts(counter -> session.counter(space, counter)),
        latency.latencies());
  }

  /** Requests in the ring: its ends are two counters that overflow. */
  private long queued(int space) {
    int head = session.ref(space, Tables.REF_RING_HEAD);
    return Math.max(0, head - session.ref(space, Tables.REF_RING_TAIL));
  }

  private static FaultCounts counts(ToLongFunction<Tables.Counter> of) {
    return new FaultCounts(
        of.applyAsLong(Tables.Counter.FAULTS),
        of.applyAsLong(Tables.Counter.FILL_WAITS),
        of.applyAsLong(Tables.Counter.DEMAND),
        of.applyAsLong(Tables.Counter.AHEAD),
        of.applyAsLong(Tables.Counter.PREFAULTED),
        of.applyAsLong(Tables.Counter.COPIED),
        of.applyAsLong(Tables.Counter.ZERO),
        of.applyAsLong(Tables.Counter.POISONED),
        of.applyAsLong(Tables.Counter.EVENTS));
  }
}
