package dev.thaw.linux;

import com.sun.jna.Pointer;

/** open_by_handle_at(2): from what an inotify's fdinfo says of a file to the file. */
public final class FileHandles {
  private static final long NR_OPEN_BY_HANDLE_AT = 304;

  private FileHandles() {}

  /**
   * Opens the file as O_PATH.
   *
   * @param mountPath any path on its mount
   * @param type of the handle
   */
  public static Fd open(String mountPath, int type, byte[] handle) throws SyscallException {
    try (Fd mount = Open.open(mountPath, Open.O_RDONLY);
        Scratch struct = Scratch.of(8L + handle.length)) { // struct file_handle
      struct.setInt(0, handle.length);
      struct.setInt(4, type);
      struct.write(8, handle, 0, handle.length);
      long fd =
          LibC.syscall(
              NR_OPEN_BY_HANDLE_AT,
              mount.number(),
              Pointer.nativeValue(struct),
              Open.O_PATH | Open.O_CLOEXEC,
              0,
              0,
              0);
      if (fd < 0) {
        throw new SyscallException("open_by_handle_at(\"" + mountPath + "\")", LibC.errno());
      }
      return new Fd((int) fd);
    }
  }
}
