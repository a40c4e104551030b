package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** True anonymous memory: once it is all there, no pager is behind it. */
@Tag("kernel")
class GraduationIT {
  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void anonymousMemoryIsLeftToItsProcessesWhichNoticeNothing() throws Exception {
    long seed = Long.getLong("thaw.model.seed", System.nanoTime());
    System.out.println("graduation: seed " + seed);
    ModelRun run = new ModelRun(seed, 3, 700, 300, 300, 3000, 0, 0, true, 0, true);
    ModelRun.Result result = run.run();
    assertTrue(result.retired(), "seed " + seed + ": " + result);
    assertEquals(List.of(), result.stats().spaces());
  }
}
