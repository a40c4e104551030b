package dev.thaw.linux;

import com.sun.jna.Pointer;

/** What a program may change of itself while it serves others. */
public final class ThisProcess {
  private static final long NR_WRITE = 1;
  private static final long NR_DUP2 = 33;
  private static final long NR_CHDIR = 80;
  private static final long NR_UMASK = 95;
  private static final long NR_GETEUID = 107;
  private static final long NR_UNSHARE = 272;
  private static final int CLONE_FS = 0x200;

  private ThisProcess() {}

  /** Gives what malloc(3) keeps for later back to the kernel: malloc_trim(3). */
  public static void trim() {
    LibC.malloc_trim(0);
  }

  /** The effective user. */
  public static int user() {
    return (int) LibC.syscall(NR_GETEUID, 0, 0, 0, 0, 0, 0);
  }

  /** Gives the calling thread a umask of its own, and to the threads that it starts. */
  public static void ownUmask(int mask) throws SyscallException {
    if (LibC.syscall(NR_UNSHARE, CLONE_FS, 0, 0, 0, 0, 0) < 0) {
      throw new SyscallException("unshare(CLONE_FS)", LibC.errno());
    }
    LibC.syscall(NR_UMASK, mask, 0, 0, 0, 0, 0);
  }

  /** Lets go of whoever started it: its standard descriptors and its directory. */
  public static void detach() throws SyscallException {
    try (Fd nothing = Open.open("/dev/null", Open.O_RDWR);
        Scratch root = Scratch.of(2)) {
      for (int fd = 0; fd <= 2; fd++) {
        LibC.syscall(NR_DUP2, nothing.number(), fd, 0, 0, 0, 0);
      }
      root.setString(0, "/");
      LibC.syscall(NR_CHDIR, Pointer.nativeValue(root), 0, 0, 0, 0, 0);
    }
  }

  /** Writes one byte to the inherited descriptor {@code number} and closes it. */
  public static void ring(int number) {
    try (Fd fd = new Fd(number);
        Scratch byteOut = Scratch.of(1)) {
      byteOut.setByte(0, (byte) 1);
      LibC.syscall(NR_WRITE, fd.number(), Pointer.nativeValue(byteOut), 1, 0, 0, 0);
    }
  }
}
