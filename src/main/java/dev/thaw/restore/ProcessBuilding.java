package dev.thaw.restore;

import dev.thaw.image.Manifest;
import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.ThreadImage;
import dev.thaw.linux.Fd;
import dev.thaw.linux.PidFd;
import dev.thaw.remote.Program;
import dev.thaw.remote.RemoteProcess;
import dev.thaw.remote.Tracee;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One process under construction: its image, its blob, its threads' blobs. */
final class ProcessBuilding {
  private static final long THREAD_PROGRAM_BYTES = 32 << 10;

  private static final int SIGSTOP = 19;

  private final TreeNode node;
  private final ProcessImage image;
  private final RemoteProcess remote;

  /** The further threads, by tid. */
  private final Map<Integer, RemoteProcess> threads = new LinkedHashMap<>();

  /**
   * @param image null for a zombie
   */
  ProcessBuilding(TreeNode node, ProcessImage image, RemoteProcess remote) {
    this.node = node;
    this.image = image;
    this.remote = remote;
  }

  TreeNode node() {
    return node;
  }

  ProcessImage image() {
    return image;
  }

  /** Its pid in the checkpoint, as it sees itself unless it got a new one. */
  int pid() {
    return node.pid();
  }

  /** Its pid here, for ptrace(2), /proc and process_vm_writev(2). */
  int hostPid() {
    return remote.thread().tid();
  }

  RemoteProcess remote() {
    return remote;
  }

  /** Makes the threads besides the leader. */
  void makeThreads(ThreadPrograms.Birth birth) throws IOException {
    List<Tracee> born = remote.run(birth.program()).born();
    try (PidFd pidfd = PidFd.open(hostPid())) {
      for (int i = 0; i < born.size(); i++) {
        Fd driver = pidfd.take(birth.firstDriverFd() + i);
        RemoteProcess thread =
            remote.startThread(
                born.get(i), THREAD_PROGRAM_BYTES, birth.firstThreadFd() + i, driver);
        threads.put(birth.threads().get(i).tid(), thread);
      }
    }
  }

  /** Runs the last programs of further threads, all at once. */
  void runLast(Map<ThreadImage, Program> programs) throws IOException {
    Map<RemoteProcess, Program> byBlob = new LinkedHashMap<>();
    programs.forEach((thread, program) -> byBlob.put(blobOf(thread), program));
    RemoteProcess.runLast(byBlob);
  }

  private RemoteProcess blobOf(ThreadImage thread) {
    return thread.tid() == pid() ? remote : threads.get(thread.tid());
  }

  /** Takes the blob out and sets the final registers; all threads stay stopped. */
  void cure(long syscallGadget, VectorState vectors) throws IOException {
    for (int i = image.threads().size() - 1; i >= 0; i--) {
      ThreadImage thread = image.threads().get(i);
      RemoteProcess blob = blobOf(thread);
      byte[] xstate = vectors.fitted(thread);
      var registers = FinalRegisters.of(thread);
      long mask = thread.blocked().value();
      if (i == 0) {
        blob.cureTo(registers, xstate, mask, syscallGadget);
      } else {
        blob.cureThreadTo(registers, xstate, mask);
      }
    }
  }

  /** Lets all threads run; a process that was stopped is so again when this returns. */
  void release() throws IOException {
    boolean stopped = stopped();
    if (stopped) {
      try (PidFd pidfd = PidFd.open(hostPid())) {
        pidfd.send(SIGSTOP);
      }
    }
    for (RemoteProcess thread : threads.values()) {
      thread.thread().detach();
    }
    remote.thread().detach();
    if (stopped) {
      GroupStop.await(hostPid(), hostPid());
      for (RemoteProcess thread : threads.values()) {
        GroupStop.await(hostPid(), thread.thread().tid());
      }
    }
  }

  /** Whether it was stopped by a signal when it was dumped. */
  boolean stopped() {
    return node.state() == Manifest.State.STOPPED;
  }
}
