package dev.thaw.image;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * {@code manifest.json}: what the checkpoint is, where it was taken, and its process tree.
 *
 * @param formatVersion {@link #FORMAT_VERSION}; any other is refused
 * @param rootPid the tree's root, as numbered in the pid namespace of the dump
 * @param processes parents before their children
 */
public record Manifest(
    int formatVersion, String thawVersion, Machine machine, int rootPid, List<TreeNode> processes) {

  /** The file's name. */
  public static final String FILE = "manifest.json";

  /** Raised by every incompatible change. */
  public static final int FORMAT_VERSION = 1;

  /** Validates. */
  public Manifest {
    if (formatVersion != FORMAT_VERSION) {
      throw new IllegalArgumentException(
          "format version " + formatVersion + ", this thaw reads " + FORMAT_VERSION);
    }
    processes = List.copyOf(processes);
    if (processes.isEmpty() || processes.get(0).pid() != rootPid) {
      throw new IllegalArgumentException("the root " + rootPid + " is not the first process");
    }
    Set<Integer> before = new HashSet<>();
    for (TreeNode process : processes) {
      if (!before.isEmpty() && !before.contains(process.ppid())) {
        throw new IllegalArgumentException(
            "process " + process.pid() + " comes before its parent " + process.ppid());
      }
      if (!before.add(process.pid())) {
        throw new IllegalArgumentException("a pid is listed twice");
      }
    }
  }

  /**
   * The machine of the dump, as far as a restore depends on it.
   *
   * @param xcr0 the xsave components in use, as XGETBV(0)
   * @param xsaveBytes size of the NT_X86_XSTATE note
   * @param cpuFeatures the instructions beyond the first x86-64 that a program could find, by their
   *     names in /proc/cpuinfo
   * @param vdsoDigest SHA-256 of the vDSO's pages, hex; empty if the root has none
   * @param monotonicNanos CLOCK_MONOTONIC at the dump
   */
  public record Machine(
      String kernel,
      String architecture,
      int pageSize,
      Addr xcr0,
      int xsaveBytes,
      List<String> cpuFeatures,
      String vdsoDigest,
      long monotonicNanos) {
    /** Copies the list. */
    public Machine {
      cpuFeatures = List.copyOf(cpuFeatures);
    }
  }

  /**
   * One process.
   *
   * @param name at most 15 bytes
   * @param waitStatus of a zombie, as wait(2) gives it; else 0
   */
  public record TreeNode(
      int pid, int ppid, int pgid, int sid, State state, String name, int waitStatus) {
    private static final int SIGCHLD = 17;
    private static final int SIGURG = 23;
    private static final int SIGWINCH = 28;

    /** Validates. */
    public TreeNode {
      if (pid < 1 || ppid < 0 || pgid < 0 || sid < 0) {
        throw new IllegalArgumentException("process " + pid + " with parent " + ppid);
      }
      if (name.indexOf('\0') >= 0
          || !(state == State.ZOMBIE ? ends(waitStatus) : waitStatus == 0)) {
        throw new IllegalArgumentException("process " + pid + " with wait status " + waitStatus);
      }
    }

    /** An exit code, or a signal that ends a process: signal(7), under "Standard signals". */
    private static boolean ends(int waitStatus) {
      int signal = waitStatus & 0x7f;
      boolean passes = signal >= SIGCHLD && signal <= SIGURG || signal == SIGWINCH || signal > 64;
      return signal == 0 ? (waitStatus & ~0xff00) == 0 : (waitStatus & ~0xff) == 0 && !passes;
    }

    /** It has exited and its parent has not yet waited for it. */
    public boolean zombie() {
      return state == State.ZOMBIE;
    }
  }

  /** What a process was doing. */
  public enum State {
    RUNNING,
    /** By SIGSTOP or its like; it waits for SIGCONT. */
    STOPPED,
    ZOMBIE
  }
}
