package dev.thaw.restore.fd;

import dev.thaw.image.file.UnixSocket;
import dev.thaw.linux.Errno;
import dev.thaw.remote.Program;
import dev.thaw.remote.Program.Success;
import dev.thaw.remote.Syscalls;
import java.nio.charset.StandardCharsets;

/** Binds UNIX sockets to their names. */
final class UnixNames {
  private UnixNames() {}

  /** The path with its zero byte. */
  static Program.Data path(Program.Builder b, UnixSocket file) {
    return b.data((file.name() + "\0").getBytes(StandardCharsets.ISO_8859_1));
  }

  /**
   * Binds descriptor {@code number} to the name of {@code file}, if it has one. The file that the
   * tree had left behind there is replaced; a name that had lost its file is told only.
   *
   * @param visible the path must lead to it for now, even if it does not in the end
   */
  static void bind(Program.Builder b, int number, UnixSocket file, boolean visible) {
    if (file.name().isEmpty()) {
      return;
    }
    byte[] address = SocketCalls.unixAddress(file.name());
    if (!file.hasPath()) {
      b.call(Syscalls.BIND, number, b.data(address), address.length);
      return;
    }
    Program.Data path = path(b, file);
    if (file.file().linked()) {
      b.callOk(Success.orErrno(Errno.ENOENT), Syscalls.UNLINK, path);
    }
    b.call(Syscalls.BIND, number, b.data(address), address.length);
    if (visible) {
      return;
    }
    if (file.file().linked()) {
      own(b, file);
    } else {
      b.call(Syscalls.UNLINK, path);
    }
  }

  /** Gives the file of the name its owner and mode. */
  static void own(Program.Builder b, UnixSocket file) {
    Program.Data path = path(b, file);
    b.call(Syscalls.LCHOWN, path, file.file().uid(), file.file().gid());
    b.call(Syscalls.CHMOD, path, file.file().mode());
  }
}
