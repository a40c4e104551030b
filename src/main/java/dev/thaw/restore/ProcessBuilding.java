package dev.thaw.restore;

import dev.thaw.image.Manifest;
import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.ThreadImage;
import dev.thaw.linux.PidFd;
import dev.thaw.remote.Program;
import dev.thaw.remote.RemoteProcess;
import dev.thaw.remote.Results;
import java.io.IOException;
import java.util.LinkedHashMap;
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

  /** Runs a program in the leader; an empty one costs nothing. */
  Results run(Program program) throws IOException {
    return program.ops().isEmpty() ? null : remote.run(program);
  }

  /** Makes a thread besides the leader. */
  void makeThread(ThreadImage thread, Program program) throws IOException {
    Results results = remote.run(program);
    threads.put(thread.tid(), remote.startThread(results.born().get(0), THREAD_PROGRAM_BYTES));
  }

  /** Runs a program in one of the threads. */
  void runIn(ThreadImage thread, Program program) throws IOException {
    blobOf(thread).run(program);
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
        blob.cureThreadTo(registers, xstate, mask, syscallGadget);
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
