package dev.thaw.dump.fd;

import dev.thaw.image.SocketOption;
import dev.thaw.image.SocketOption.Level;
import dev.thaw.image.SocketSetting;
import dev.thaw.linux.Errno;
import dev.thaw.linux.Fd;
import dev.thaw.linux.Sockets;
import dev.thaw.linux.SyscallException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Finds the options in which a socket differs from a new one of its kind. */
final class SocketOptionsDump {
  private static final int SO_GET_FILTER = 26;

  private SocketOptionsDump() {}

  /**
   * The options of {@code own}.
   *
   * @param like a new socket of the same family, type and protocol
   * @param always what the restore changes on its way, so that it has to be told in any case
   */
  static List<SocketSetting> of(
      OpenedFile file, Fd own, Fd like, Set<Level> levels, Set<SocketOption> always)
      throws IOException {
    refuseFilter(file, own);
    List<SocketSetting> settings = new ArrayList<>();
    for (SocketOption option : EnumSet.allOf(SocketOption.class)) {
      if (levels.contains(option.level())) {
        byte[] value = value(own, option);
        boolean differs = !Arrays.equals(value, value(like, option));
        if (value.length != 0 && (differs || always.contains(option))) {
          settings.add(new SocketSetting(option, value));
        }
      }
    }
    return settings;
  }

  /** Empty where this kernel, or this kind of socket, does not know the option. */
  private static byte[] value(Fd socket, SocketOption option) throws SyscallException {
    try {
      return Sockets.option(socket, option.level().number(), option.number());
    } catch (SyscallException e) {
      if (e.errno() == Errno.ENOPROTOOPT
          || e.errno() == Errno.EOPNOTSUPP
          || e.errno() == Errno.EINVAL
          || e.errno() == Errno.ENOTCONN) {
        return new byte[0];
      }
      throw e;
    }
  }

  /** SO_GET_FILTER tells a classic filter's length, and gives EACCES for any other. */
  private static void refuseFilter(OpenedFile file, Fd own) throws IOException {
    boolean filtered;
    try {
      filtered = Sockets.optionLength(own, Sockets.SOL_SOCKET, SO_GET_FILTER) != 0;
    } catch (SyscallException e) {
      filtered = true;
    }
    if (filtered) {
      throw file.unsupported("the socket has a packet filter; detach it before the dump");
    }
  }
}
