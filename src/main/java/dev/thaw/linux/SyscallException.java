package dev.thaw.linux;

import java.io.IOException;

/** A system call failed. The message reads as strace would print the call. */
public class SyscallException extends IOException {
  private static final long serialVersionUID = 1L;
  private final int code;

  /**
   * @param call the call as strace would print it, e.g. {@code "ioctl(7, UFFDIO_CONTINUE,
   *     0x7f..+4096)"}
   * @param code the raw errno, read before any other native call
   */
  public SyscallException(String call, int code) {
    super(call + ": " + describe(code));
    this.code = code;
  }

  /** The symbolic errno. */
  public Errno errno() {
    return Errno.of(code);
  }

  /** The raw errno. */
  public int code() {
    return code;
  }

  /** {@code "ENOENT (No such file or directory)"}, or the number where the name is not known. */
  public static String describe(int code) {
    Errno errno = Errno.of(code);
    String name = errno == Errno.OTHER ? "errno " + code : errno.name();
    return name + " (" + LibC.strerror(code).getString(0) + ")";
  }
}
