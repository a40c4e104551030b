package dev.thaw.restore;

import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;
import java.util.List;
import java.util.Map;

/**
 * Compiles the bare process: nothing mapped but the blob's area and the kernel's own pages, no
 * descriptors, its session, its children.
 */
final class SkeletonPrograms {
  /** The greatest number that close_range(2) takes. */
  private static final long MAX_FD = 0xffffffffL;

  private static final int MREMAP_MAYMOVE_FIXED = 1 | 2;
  private static final long LOWEST = 0x1000;
  private static final long TASK_SIZE = 0x7ffffffff000L;
  private static final int SIGCHLD = 17;
  private static final int CLONE_ARGS_BYTES = 88;
  private static final int PR_SET_NAME = 15;

  private SkeletonPrograms() {}

  /**
   * Empties a fresh process.
   *
   * @param keepFrom first byte of what stays: the pages put aside, then the blob's area
   * @param keepEnd one past the last
   * @param aside where each of the kernel's mappings goes
   * @param blobFd the one descriptor that stays
   */
  static Program empty(
      List<KernelPages.Mapping> kernelPages,
      Map<String, Long> aside,
      long keepFrom,
      long keepEnd,
      int blobFd) {
    Program.Builder b = Program.builder("empty the process");
    b.call(Syscalls.CLOSE_RANGE, 0, blobFd - 1, 0);
    b.call(Syscalls.CLOSE_RANGE, blobFd + 1, MAX_FD, 0);
    for (KernelPages.Mapping pages : kernelPages) {
      b.note(pages.name());
      long to = aside.get(pages.name());
      b.callOk(
          Program.Success.exactly(to),
          Syscalls.MREMAP,
          pages.start(),
          pages.bytes(),
          pages.bytes(),
          MREMAP_MAYMOVE_FIXED,
          to);
    }
    b.call(Syscalls.MUNMAP, LOWEST, keepFrom - LOWEST);
    b.call(Syscalls.MUNMAP, keepEnd, TASK_SIZE - keepEnd);
    return b.build();
  }

  /**
   * Makes the session of {@code node} if it leads one, and its children, in an order that gives
   * each the session it had: a child in another session than its parent's was born before the
   * parent's setsid().
   */
  static Program family(TreeNode node, List<TreeNode> children) {
    Program.Builder b = Program.builder("session and children");
    boolean leader = node.sid() == node.pid();
    if (leader) {
      for (TreeNode child : children) {
        if (child.sid() != node.sid() && child.sid() != child.pid()) {
          fork(b, child);
        }
      }
      b.call(Syscalls.SETSID);
    }
    for (TreeNode child : children) {
      if (!leader || child.sid() == node.sid() || child.sid() == child.pid()) {
        fork(b, child);
      }
    }
    return b.build();
  }

  private static void fork(Program.Builder b, TreeNode child) {
    Program.Data pid = b.data(intBytes(child.pid()));
    byte[] args = new byte[CLONE_ARGS_BYTES];
    Program.Data struct = b.data(cloneArgs(args, 0, SIGCHLD));
    b.pointer(struct.plus(64), pid);
    b.note("process " + child.pid());
    b.callOk(Program.Success.exactly(child.pid()), Syscalls.CLONE3, struct, CLONE_ARGS_BYTES);
  }

  /** struct clone_args (linux/sched.h) with set_tid_size 1; its set_tid is at byte 64. */
  static byte[] cloneArgs(byte[] args, long flags, long exitSignal) {
    java.nio.ByteBuffer.wrap(args)
        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
        .putLong(0, flags)
        .putLong(32, exitSignal)
        .putLong(72, 1);
    return args;
  }

  static byte[] intBytes(int value) {
    return java.nio.ByteBuffer.allocate(8)
        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
        .putInt(value)
        .array();
  }

  /** Ends the process as a zombie was: its parent will find the same status. */
  static Program die(TreeNode node) {
    Program.Builder b = Program.builder("become a zombie");
    int waitStatus = node.waitStatus();
    b.call(Syscalls.PRCTL, PR_SET_NAME, b.cstring(node.name()), 0, 0, 0);
    int signal = waitStatus & 0x7f;
    if (signal == 0) {
      b.callOk(Program.Success.any(), Syscalls.EXIT_GROUP, (waitStatus >> 8) & 0xff);
    } else {
      Program.Data empty = b.zeroed(8);
      b.call(Syscalls.RT_SIGPROCMASK, 2, empty, 0, 8);
      b.callOk(Program.Success.any(), Syscalls.KILL, b.call(Syscalls.GETPID), signal);
    }
    return b.build();
  }

  /** Closes descriptors that only the restore needed, {@code last} included. */
  static Program close(int first, int last) {
    Program.Builder b = Program.builder("close");
    b.call(Syscalls.CLOSE_RANGE, first, last, 0);
    return b.build();
  }

  /** Unmaps what is left of the pages put aside. */
  static Program unmap(long start, long bytes) {
    Program.Builder b = Program.builder("unmap");
    b.call(Syscalls.MUNMAP, start, bytes);
    return b.build();
  }

  /** Joins the process group, once its leader lives. */
  static Program group(TreeNode node) {
    Program.Builder b = Program.builder("process group");
    b.call(Syscalls.SETPGID, 0, node.pgid() == node.pid() ? 0 : node.pgid());
    return b.build();
  }
}
