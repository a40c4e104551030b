package dev.thaw.linux;

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
    SYSVSEM
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
}
