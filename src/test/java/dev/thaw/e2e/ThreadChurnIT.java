package dev.thaw.e2e;

import dev.thaw.Checkpoint;
import dev.thaw.DumpOptions;
import dev.thaw.Progress;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Programs that start and end threads as fast as they can. */
@Tag("e2e")
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ThreadChurnIT {
  private static final int DUMPS = 100;

  @TempDir Path directory;

  @Test
  void aHundredDumpsLoseNoThreadAndLeaveNoneStopped() throws Exception {
    try (Victim victim = Victim.start("thread_churn", directory)) {
      for (int i = 0; i < DUMPS; i++) {
        Checkpoint.dump(leavingRunning(victim.pid(), directory.resolve("checkpoint-" + i)));
        victim.assertRuns();
      }
      victim.check();
    }
  }

  @Test
  void theLastOfSomeDumpsCanBeRestored() throws Exception {
    try (Victim victim = Victim.start("thread_churn", directory)) {
      for (int i = 0; i < 5; i++) {
        Checkpoint.dump(leavingRunning(victim.pid(), directory.resolve("checkpoint-" + i)));
      }
      victim.restore(victim.dump("last"));
      victim.check();
    }
  }

  private static DumpOptions leavingRunning(int pid, Path directory) {
    return new DumpOptions(
        pid,
        directory,
        true,
        false,
        Duration.ofSeconds(10),
        (int) ProcessHandle.current().pid(),
        Progress.NONE);
  }
}
