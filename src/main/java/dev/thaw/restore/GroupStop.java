package dev.thaw.restore;

import dev.thaw.proc.ProcStat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A thread enters its process's stop by itself, on its way out of the kernel, a moment after it was
 * let go with SIGSTOP waiting for it. Others of the tree may look at it as soon as they run.
 */
final class GroupStop {
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private GroupStop() {}

  /** Returns when the thread is stopped, or has ended. */
  static void await(int pid, int tid) throws IOException {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!stoppedOrGone(pid, tid)) {
      if (System.nanoTime() - deadline > 0) {
        throw new RestoreException(
            "pid " + pid + ": thread " + tid + " did not stop, as it was at the dump");
      }
      Thread.yield();
    }
  }

  private static boolean stoppedOrGone(int pid, int tid) throws IOException {
    Path stat = Path.of("/proc/" + pid + "/task/" + tid + "/stat");
    try {
      char state = ProcStat.parse(Files.readString(stat, StandardCharsets.ISO_8859_1)).state();
      return state == 'T' || state == 'Z' || state == 'X';
    } catch (NoSuchFileException e) {
      return true;
    }
  }
}
