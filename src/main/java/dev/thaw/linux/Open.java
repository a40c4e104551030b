package dev.thaw.linux;

import java.nio.charset.StandardCharsets;

/** open(2) for what java.nio cannot open: magic links, O_PATH, descriptors that go to ioctl(2). */
public final class Open {
  public static final int O_RDONLY = 0;
  public static final int O_WRONLY = 1;
  public static final int O_RDWR = 2;
  public static final int O_NONBLOCK = 0x800;
  public static final int O_CLOEXEC = 0x80000;
  public static final int O_PATH = 0x200000;
  private static final long AT_FDCWD = -100;
  private static final long NR_OPENAT = 257;

  private Open() {}

  /**
   * Opens {@code path}, close-on-exec.
   *
   * @param flags O_* besides O_CLOEXEC
   */
  public static Fd open(String path, int flags) throws SyscallException {
    byte[] name = path.getBytes(StandardCharsets.UTF_8);
    try (Scratch text = Scratch.of(name.length + 1L)) {
      text.write(0, name, 0, name.length);
      text.setByte(name.length, (byte) 0);
      long fd =
          LibC.syscall(
              NR_OPENAT,
              AT_FDCWD,
              com.sun.jna.Pointer.nativeValue(text),
              flags | O_CLOEXEC,
              0,
              0,
              0);
      if (fd < 0) {
        throw new SyscallException(
            "openat(AT_FDCWD, \"" + path + "\", 0x" + Integer.toHexString(flags) + ")",
            LibC.errno());
      }
      return new Fd((int) fd);
    }
  }
}
