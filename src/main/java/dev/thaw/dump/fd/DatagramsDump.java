package dev.thaw.dump.fd;

import dev.thaw.dump.UnsupportedResourceException;
import dev.thaw.image.SocketOption;
import dev.thaw.image.file.InetSocket.Datagram;
import dev.thaw.image.file.InetSocket.Endpoint;
import dev.thaw.linux.Fcntl;
import dev.thaw.linux.Fd;
import dev.thaw.linux.SocketQueue;
import dev.thaw.linux.Sockets;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Peeks at the datagrams that wait in a UDP socket. Those that the restore could not deliver with
 * the same sender are refused.
 */
final class DatagramsDump {
  /** Delivering them again needs room. */
  static final Set<SocketOption> RECEIVING =
      EnumSet.of(SocketOption.SO_RCVBUF, SocketOption.SO_BUF_LOCK);

  private static final String WAY = "; dump when the program has read them";
  private static final byte MULTICAST_V6 = (byte) 0xff;
  private static final String LOOPBACK = "lo\0";

  private DatagramsDump() {}

  /**
   * All of them, in order.
   *
   * @param local what the socket is bound to
   */
  static List<Datagram> of(OpenedFile file, Fd own, Endpoint local) throws IOException {
    if ((Fcntl.poll(own, Fcntl.POLLIN) & Fcntl.POLLERR) != 0) {
      throw file.unsupported("an error waits to be told; dump when the program has taken it");
    }
    List<Datagram> waiting = new ArrayList<>();
    for (SocketQueue.Message message : SocketQueue.messages(own)) {
      if (message.carriesMore()) {
        throw file.unsupported(
            "datagrams wait to be received, and the program asks how they came (IP_PKTINFO,"
                + " SO_TIMESTAMP or the like), which cannot be told again"
                + WAY);
      }
      waiting.add(new Datagram(from(file, message), message.bytes()));
    }
    if (!waiting.isEmpty()) {
      requireReachable(file, own, local);
    }
    return waiting;
  }

  private static Endpoint from(OpenedFile file, SocketQueue.Message message)
      throws UnsupportedResourceException {
    byte family =
        (byte) (message.from().length > 14 ? Sockets.AF_INET6 : Sockets.AF_INET); // sockaddr_in: 16
    Endpoint from =
        InetSocketDump.endpoint(
            ByteBuffer.allocate(message.from().length + 2)
                .put(family)
                .put((byte) 0)
                .put(message.from())
                .array());
    if (!from.present() || from.scope() != 0) {
      throw file.unsupported(
          "a datagram waits to be received from a link-local address, " + from + WAY);
    }
    return from;
  }

  /** They are delivered again over the loopback interface, to whoever has the address. */
  private static void requireReachable(OpenedFile file, Fd own, Endpoint local) throws IOException {
    int first = local.present() ? local.address()[0] & 0xff : 0;
    boolean multicast = local.address().length == 4 ? first >= 224 : (byte) first == MULTICAST_V6;
    byte[] device = Sockets.option(own, Sockets.SOL_SOCKET, SocketOption.SO_BINDTODEVICE.number());
    boolean elsewhere = device.length > 1 && !new String(device, 0, 3).equals(LOOPBACK);
    boolean oneOfMany =
        Sockets.number(own, Sockets.SOL_SOCKET, SocketOption.SO_REUSEPORT.number()) != 0;
    if (multicast || elsewhere || oneOfMany || local.scope() != 0) {
      throw file.unsupported(
          "datagrams wait to be received at an address that is "
              + (oneOfMany ? "shared (SO_REUSEPORT)" : "multicast or bound to an interface")
              + WAY);
    }
  }
}
