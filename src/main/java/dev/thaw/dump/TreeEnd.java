package dev.thaw.dump;

import dev.thaw.linux.Errno;
import dev.thaw.linux.PidFd;
import dev.thaw.linux.SyscallException;
import dev.thaw.linux.WaitStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Ends a dumped tree and waits until it is gone, so that its pids are free for a restore. */
final class TreeEnd {
  private static final int SIGKILL = 9;
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final Duration PAUSE = Duration.ofMillis(2);

  private TreeEnd() {}

  /**
   * Kills all of it and waits until every process has died; then, as long as {@link #LIMIT}, until
   * whoever must reap them has: some pid 1 do so only once a second.
   */
  static void kill(FrozenTree tree) throws IOException {
    List<FrozenTree.Member> members = new ArrayList<>(tree.processes());
    Collections.reverse(members); // children first: no parent sees the death of a child
    for (FrozenTree.Member member : members) {
      if (!member.zombie()) {
        try (PidFd pidfd = PidFd.open(member.pid())) {
          pidfd.send(SIGKILL);
        }
      }
    }
    tree.thaw();
    long deadline = System.nanoTime() + LIMIT.toNanos();
    for (FrozenTree.Member member : members) {
      while (Files.exists(new ProcDir(member.pid()).path("stat")) && System.nanoTime() < deadline) {
        for (FrozenTree.Thread thread : member.threads()) {
          reap(thread.tid());
        }
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  /**
   * A tracee's death is told to its tracer first; its parent learns of it when we have taken note.
   */
  private static void reap(int tid) throws IOException {
    try {
      WaitStatus.of(tid, false);
    } catch (SyscallException e) {
      if (e.errno() != Errno.ECHILD) {
        throw e;
      }
    }
  }
}
