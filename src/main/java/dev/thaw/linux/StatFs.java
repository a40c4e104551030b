package dev.thaw.linux;

import com.sun.jna.Pointer;

/** fstatfs(2): which file system something lies on. */
public final class StatFs {
  /** linux/magic.h. */
  public static final long TMPFS_MAGIC = 0x01021994L;

  /** linux/magic.h: /proc. */
  public static final long PROC_SUPER_MAGIC = 0x9fa0L;

  /** linux/magic.h: files of huge pages. */
  public static final long HUGETLBFS_MAGIC = 0x958458f6L;

  private static final long NR_FSTATFS = 138;
  private static final int STATFS_BYTES = 120;

  private StatFs() {}

  /** The magic number of the file system of {@code path}; magic links of /proc are followed. */
  public static long typeOf(String path) throws SyscallException {
    return word(path, 0);
  }

  /** The size of its blocks in bytes; of a hugetlbfs, the size of its pages. */
  public static long blockBytes(String path) throws SyscallException {
    return word(path, Long.BYTES);
  }

  /** A 64-bit word of struct statfs. */
  private static long word(String path, int offset) throws SyscallException {
    try (Fd fd = Open.open(path, Open.O_PATH);
        Scratch out = Scratch.of(STATFS_BYTES)) {
      if (LibC.syscall(NR_FSTATFS, fd.number(), Pointer.nativeValue(out), 0, 0, 0, 0) < 0) {
        throw new SyscallException("fstatfs(\"" + path + "\")", LibC.errno());
      }
      return out.getLong(offset);
    }
  }
}
