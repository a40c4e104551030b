package dev.thaw.restore.fd;

import dev.thaw.image.SocketOption;
import dev.thaw.image.SocketSetting;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Calls on sockets that every family needs. */
final class SocketCalls {
  static final int AF_UNIX = 1;
  static final int SOCK_NONBLOCK_CLOEXEC = 04000 | 02000000;
  static final int MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
  static final int SOL_SOCKET = 1;
  static final int SO_REUSEADDR = 2;
  static final int SO_SNDBUFFORCE = 32;

  /** The kernel doubles what it is given and tells the double: socket(7). */
  private static final Map<SocketOption, Integer> FORCED =
      Map.of(SocketOption.SO_RCVBUF, 33, SocketOption.SO_SNDBUF, SO_SNDBUFFORCE);

  private SocketCalls() {}

  /** Sets {@code options} of descriptor {@code number}, in the order of the registry. */
  static void set(Program.Builder b, int number, List<SocketSetting> options) {
    for (SocketSetting setting : options) {
      SocketOption option = setting.option();
      byte[] value = setting.value();
      Integer forced = FORCED.get(option);
      int name = option.number();
      if (forced != null) {
        int doubled = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getInt();
        value = Words.ints(doubled / 2);
        name = forced;
      }
      b.note(option.name());
      b.call(
          Syscalls.SETSOCKOPT, number, option.level().number(), name, b.data(value), value.length);
    }
  }

  /** Sets one int. */
  static void set(Program.Builder b, Object number, int name, int value) {
    b.call(Syscalls.SETSOCKOPT, number, SOL_SOCKET, name, b.data(Words.ints(value)), 4);
  }

  /** struct sockaddr_un of {@code name}, one character a byte; paths end in a zero byte. */
  static byte[] unixAddress(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
    boolean path = !name.isEmpty() && name.charAt(0) != '\0';
    ByteBuffer address =
        ByteBuffer.allocate(2 + bytes.length + (path ? 1 : 0)).order(ByteOrder.LITTLE_ENDIAN);
    return address.putShort((short) AF_UNIX).put(bytes).array();
  }
}
