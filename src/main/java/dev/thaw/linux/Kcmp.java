package dev.thaw.linux;

import com.sun.jna.Pointer;

/** kcmp(2): whether two tasks share a kernel object. */
public final class Kcmp {
  /** The objects that can be compared; the order is that of linux/kcmp.h. */
  public enum Type {
    FILE,
    VM,
    FILES,
    FS,
    SIGHAND,
    IO,
    SYSVSEM,
    EPOLL_TFD
  }

  private static final long NR_KCMP = 312;

  private Kcmp() {}

  /**
   * An order of the objects: 0 when they are the same, 1 or 2 for less or greater.
   *
   * @param index1 a descriptor number for {@link Type#FILE}, else unused
   * @param index2 likewise
   */
  public static int compare(int pid1, int pid2, Type type, long index1, long index2)
      throws SyscallException {
    long result = LibC.syscall(NR_KCMP, pid1, pid2, type.ordinal(), index1, index2, 0);
    if (result < 0) {
      throw new SyscallException(
          "kcmp(" + pid1 + ", " + pid2 + ", KCMP_" + type + ", " + index1 + ", " + index2 + ")",
          LibC.errno());
    }
    return (int) result;
  }

  /** Whether the two are one object. */
  public static boolean same(int pid1, int pid2, Type type, long index1, long index2)
      throws SyscallException {
    return compare(pid1, pid2, type, index1, index2) == 0;
  }

  /**
   * Whether an epoll watches this very file.
   *
   * @param number descriptor of the file in {@code pid1}
   * @param epollNumber descriptor of the epoll in {@code pid2}
   * @param watchedNumber the number under which it watches
   * @param occurrence which of the files that it watches under that number, from 0
   */
  public static boolean watches(
      int pid1, int number, int pid2, int epollNumber, int watchedNumber, int occurrence)
      throws SyscallException {
    try (Scratch slot = Scratch.of(12)) { // struct kcmp_epoll_slot
      slot.setInt(0, epollNumber);
      slot.setInt(4, watchedNumber);
      slot.setInt(8, occurrence);
      return same(pid1, pid2, Type.EPOLL_TFD, number, Pointer.nativeValue(slot));
    }
  }
}
