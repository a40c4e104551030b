package dev.thaw.restore;

import dev.thaw.linux.Errno;
import dev.thaw.linux.SyscallException;
import dev.thaw.pager.InitConnection;
import dev.thaw.pager.SpawnedTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * Makes a task with a wanted pid. Where a zombie holds it, its parent may just be slow (some pid 1
 * reap orphans only once a second): that is waited for.
 */
final class PidWait {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final Duration PAUSE = Duration.ofMillis(10);

  private PidWait() {}

  static SpawnedTask spawn(InitConnection init, int pid) throws IOException {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      try {
        return init.spawn(pid);
      } catch (SyscallException e) {
        if (e.errno() != Errno.EEXIST) {
          throw e;
        }
        if (!zombie(pid) || System.nanoTime() > deadline) {
          throw new RestoreException("pid " + pid + " is taken by " + holder(pid), e);
        }
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  /** A zombie, or already gone since the kernel refused. */
  private static boolean zombie(int pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) == 'Z';
    } catch (IOException e) {
      return true;
    }
  }

  private static String holder(int pid) {
    try {
      String name = Files.readString(Path.of("/proc/" + pid + "/comm")).strip();
      return zombie(pid)
          ? "a zombie of " + name + " that its parent does not reap; end the parent"
          : "a running " + name + "; end it, or restore in another pid namespace";
    } catch (IOException e) {
      return "a thread or process group of that number";
    }
  }
}
