package dev.thaw.dump.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.SocketOption.Level;
import dev.thaw.image.file.InetSocket;
import dev.thaw.image.file.InetSocket.Datagram;
import dev.thaw.image.file.InetSocket.Endpoint;
import dev.thaw.image.file.InetSocket.Protocol;
import dev.thaw.linux.Fcntl;
import dev.thaw.linux.Fd;
import dev.thaw.linux.Sockets;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** {@link InetSocket}: TCP without a connection, and UDP with the datagrams that wait in it. */
public final class InetSocketDump implements FileDump {
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int IPPROTO_TCP = 6;
  private static final int IPPROTO_UDP = 17;
  private static final int TCP_INFO = 11;

  // net/tcp_states.h
  private static final int TCP_CLOSE = 7;
  private static final int TCP_LISTEN = 10;

  /** tcpi_unacked and tcpi_sacked: of a listener, connections that wait and the backlog. */
  private static final int WAITING_AT = 24;

  private static final int BACKLOG_AT = 28;

  @Override
  public boolean claims(OpenedFile file) throws IOException {
    if (!file.link().startsWith("socket:[")) {
      return false;
    }
    try (Fd own = file.take()) {
      int domain = Sockets.number(own, Sockets.SOL_SOCKET, Sockets.SO_DOMAIN);
      return domain == Sockets.AF_INET || domain == Sockets.AF_INET6;
    }
  }

  @Override
  public OpenFile dump(int id, OpenedFile file, OpenedFiles tree) throws IOException {
    try (Fd own = file.take()) {
      int domain = Sockets.number(own, Sockets.SOL_SOCKET, Sockets.SO_DOMAIN);
      int type = Sockets.number(own, Sockets.SOL_SOCKET, Sockets.SO_TYPE);
      int protocol = Sockets.number(own, Sockets.SOL_SOCKET, Sockets.SO_PROTOCOL);
      boolean tcp = type == SOCK_STREAM && protocol == IPPROTO_TCP;
      if (!tcp && !(type == SOCK_DGRAM && protocol == IPPROTO_UDP)) {
        throw file.unsupported(
            "IP protocol " + protocol + " is not supported yet, only TCP and UDP; close it first");
      }
      Set<Level> levels = EnumSet.of(Level.SOCKET, Level.IP, tcp ? Level.TCP : Level.UDP);
      boolean ipv6 = domain == Sockets.AF_INET6;
      if (ipv6) {
        levels.add(Level.IPV6);
      }
      try (Fd like = Sockets.open(domain, type, protocol)) {
        boolean closed = tcp && connected(file, own, tree.context().closeTcp());
        Endpoint local = closed ? Endpoint.none() : endpoint(Sockets.name(own));
        boolean bound = local.port() != 0 || !isZero(local.address());
        List<Datagram> queue = tcp ? List.of() : DatagramsDump.of(file, own, local);
        return new InetSocket(
            id,
            file.flags(),
            ipv6,
            tcp ? Protocol.TCP : Protocol.UDP,
            bound ? local : Endpoint.none(),
            tcp ? Endpoint.none() : endpoint(Sockets.peer(own)),
            tcp ? backlog(file, own, tree) : -1,
            queue,
            closed
                ? List.of()
                : SocketOptionsDump.of(
                    file, own, like, levels, queue.isEmpty() ? Set.of() : DatagramsDump.RECEIVING));
      }
    }
  }

  /** Whether a connection is to be forgotten. */
  private static boolean connected(OpenedFile file, Fd own, boolean close) throws IOException {
    int state = Sockets.option(own, IPPROTO_TCP, TCP_INFO)[0];
    boolean ended = (Fcntl.poll(own, Fcntl.POLLRDHUP) & Fcntl.POLLRDHUP) != 0;
    if (state == TCP_LISTEN || state == TCP_CLOSE && !ended) {
      return false;
    }
    if (!close) {
      throw file.unsupported(
          "established TCP connection "
              + endpoint(Sockets.name(own))
              + " to "
              + endpoint(Sockets.peer(own))
              + "; close it, or dump it as closed with --tcp-close");
    }
    return true;
  }

  private static int backlog(OpenedFile file, Fd own, OpenedFiles tree) throws IOException {
    ByteBuffer info =
        ByteBuffer.wrap(Sockets.option(own, IPPROTO_TCP, TCP_INFO)).order(ByteOrder.LITTLE_ENDIAN);
    if (info.get(0) != TCP_LISTEN) {
      return -1;
    }
    if (info.getInt(WAITING_AT) != 0 && !tree.context().closeTcp()) {
      throw file.unsupported(
          info.getInt(WAITING_AT)
              + " connections wait to be accepted; dump when there are none, or drop them with"
              + " --tcp-close");
    }
    return info.getInt(BACKLOG_AT);
  }

  /** From a struct sockaddr_in or sockaddr_in6. */
  static Endpoint endpoint(byte[] address) {
    if (address.length < 16) {
      return Endpoint.none();
    }
    int port = (address[2] & 0xff) << 8 | address[3] & 0xff;
    if (address[0] != Sockets.AF_INET6) {
      return new Endpoint(Arrays.copyOfRange(address, 4, 8), port, 0);
    }
    int scope = ByteBuffer.wrap(address).order(ByteOrder.LITTLE_ENDIAN).getInt(24);
    return new Endpoint(Arrays.copyOfRange(address, 8, 24), port, scope);
  }

  private static boolean isZero(byte[] bytes) {
    for (byte b : bytes) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }
}
