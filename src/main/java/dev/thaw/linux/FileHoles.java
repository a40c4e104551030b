package dev.thaw.linux;

/** lseek(2) with SEEK_DATA and SEEK_HOLE. */
public final class FileHoles {
  private static final long NR_LSEEK = 8;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;

  private FileHoles() {}

  /** Offset of the next data at or behind {@code offset}, or -1 if there is none. */
  public static long nextData(Fd file, long offset) throws SyscallException {
    long found = LibC.syscall(NR_LSEEK, file.number(), offset, SEEK_DATA, 0, 0, 0);
    if (found < 0 && LibC.errno() == Errno.ENXIO.code()) {
      return -1;
    }
    return checked(found, "SEEK_DATA", file, offset);
  }

  /** Offset of the next hole behind {@code offset}; the end of the file counts as one. */
  public static long nextHole(Fd file, long offset) throws SyscallException {
    long found = LibC.syscall(NR_LSEEK, file.number(), offset, SEEK_HOLE, 0, 0, 0);
    return checked(found, "SEEK_HOLE", file, offset);
  }

  private static long checked(long found, String what, Fd file, long offset)
      throws SyscallException {
    if (found < 0) {
      throw new SyscallException(
          "lseek(" + file.number() + ", " + offset + ", " + what + ")", LibC.errno());
    }
    return found;
  }
}
