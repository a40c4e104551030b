package dev.thaw.restore;

import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ThreadImage;
import dev.thaw.linux.Errno;
import dev.thaw.linux.SyscallException;
import dev.thaw.pager.InitConnection;
import dev.thaw.pager.SpawnedTask;
import dev.thaw.proc.ProcStat;
import dev.thaw.proc.ProcStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Has the wanted pids free. Where a zombie holds one, its parent may just be slow (some pid 1 reap
 * orphans only once a second): that is waited for.
 */
final class PidWait {
  private static final Duration LIMIT = Duration.ofSeconds(5);

  /** Two descriptors for each thread. */
  private static final int MARGIN = 2048;

  private static final Duration PAUSE = Duration.ofMillis(10);

  private PidWait() {}

  /**
   * Refuses where a task of the checkpoint could not have its number, if this can be seen from
   * here: a thaw-init that has not started this JVM may be in another pid namespace.
   */
  static void requireFree(Images images, InitConnection init) throws IOException {
    if (!init.isParent()) {
      return;
    }
    List<Integer> wanted = new ArrayList<>();
    for (TreeNode node : images.manifest().processes()) {
      wanted.add(node.pid());
      if (!node.zombie()) {
        images.process(node.pid()).threads().stream().map(ThreadImage::tid).forEach(wanted::add);
      }
    }
    long deadline = System.nanoTime() + LIMIT.toNanos();
    for (int task : wanted) {
      while (Files.exists(Path.of("/proc/" + task))) {
        if (!zombie(task) || System.nanoTime() > deadline) {
          throw taken(task);
        }
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  /** Makes a task with a wanted pid. */
  static SpawnedTask spawn(InitConnection init, int pid, SpawnedTask.Image image)
      throws IOException {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      try {
        return init.spawn(pid, image);
      } catch (SyscallException e) {
        if (e.errno() == Errno.EMFILE) {
          throw new RestoreException(
              String.format(
                  "pid %d: descriptor %d, above all of the program's own, is needed to restore it,"
                      + " and RLIMIT_NOFILE allows none; raise it: ulimit -Hn %d",
                  pid, image.descriptor(), image.descriptor() + MARGIN));
        }
        if (e.errno() != Errno.EEXIST) {
          throw e;
        }
        if (!zombie(pid) || System.nanoTime() > deadline) {
          throw taken(pid);
        }
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  private static RestoreRefusedException taken(int pid) {
    return new RestoreRefusedException("pid " + pid + " is taken by " + holder(pid));
  }

  /** A zombie, or gone already. */
  private static boolean zombie(int pid) {
    try {
      return ProcStat.parse(read(pid, "stat")).zombie();
    } catch (IOException e) {
      return true;
    }
  }

  private static String holder(int pid) {
    try {
      String name = read(pid, "comm").strip();
      int process = ProcStatus.parse(read(pid, "status")).number("Tgid");
      if (zombie(pid)) {
        return "a zombie of " + name + " that its parent does not reap; end the parent";
      }
      if (ours(process)) {
        return "this thaw itself; try again";
      }
      String whose = process == pid ? "a running " + name : "a thread of " + name + " " + process;
      return whose + "; end it, or restore in another pid namespace";
    } catch (IOException e) {
      return "a process group or session of that number; end it";
    }
  }

  private static boolean ours(int process) {
    ProcessHandle self = ProcessHandle.current();
    return process == self.pid()
        || self.parent().map(parent -> parent.pid() == process).orElse(false);
  }

  private static String read(int pid, String name) throws IOException {
    return Files.readString(Path.of("/proc/" + pid + "/" + name), StandardCharsets.ISO_8859_1);
  }
}
