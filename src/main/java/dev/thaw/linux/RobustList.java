package dev.thaw.linux;

import com.sun.jna.Pointer;

/** get_robust_list(2): the head of a thread's list of robust futexes. */
public final class RobustList {
  private static final long NR_GET_ROBUST_LIST = 274;

  private RobustList() {}

  /** Address of the head in the thread's memory; 0 if it has none. */
  public static long headOf(int tid) throws SyscallException {
    try (Scratch out = Scratch.of(16)) {
      long at = Pointer.nativeValue(out);
      if (LibC.syscall(NR_GET_ROBUST_LIST, tid, at, at + 8, 0, 0, 0) < 0) {
        throw new SyscallException("get_robust_list(" + tid + ")", LibC.errno());
      }
      return out.getLong(0);
    }
  }
}
