package dev.thaw.restore.fd;

import dev.thaw.image.SocketOption;
import dev.thaw.image.file.InetSocket;
import dev.thaw.image.file.InetSocket.Endpoint;
import dev.thaw.image.file.InetSocket.Protocol;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * {@link InetSocket}: bound early and listening last, so that nobody connects to a tree that may
 * yet fail to come back. While it binds, a TCP socket has SO_REUSEADDR: connections of the old one
 * may still be in TIME_WAIT.
 */
public final class InetSocketRestore implements FileRestore<InetSocket> {
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_DGRAM = 2;

  @Override
  public void plan(InetSocket file, FilePlan plan) {
    boolean tcp = file.protocol() == Protocol.TCP;
    plan.place(
        Phase.CREATE,
        plan.in(Phase.CREATE)
            .call(
                Syscalls.SOCKET,
                file.ipv6() ? AF_INET6 : AF_INET,
                tcp ? SOCK_STREAM : SOCK_DGRAM,
                0));
    Program.Builder b = plan.in(Phase.CREATE);
    SocketCalls.set(b, plan.number(), file.options());
    if (file.local().present()) {
      bind(file, plan, tcp);
    }
    if (file.peer().present()) {
      byte[] address = address(file.peer());
      b = plan.in(Phase.CONNECT);
      b.call(Syscalls.CONNECT, plan.number(), b.data(address), address.length);
    }
    Datagrams.deliver(file, plan);
    plan.setStatusFlags(file.flags());
    if (file.listens()) {
      plan.in(Phase.FINISH).call(Syscalls.LISTEN, plan.number(), file.backlog());
    }
  }

  private static void bind(InetSocket file, FilePlan plan, boolean tcp) {
    Program.Builder b = plan.in(Phase.CREATE);
    boolean reused = file.options().stream().anyMatch(s -> s.option() == SocketOption.SO_REUSEADDR);
    if (tcp && !reused) {
      SocketCalls.set(b, plan.number(), SocketCalls.SO_REUSEADDR, 1);
    }
    byte[] address = address(file.local());
    b.note("bind to " + file.local());
    b.call(Syscalls.BIND, plan.number(), b.data(address), address.length);
    if (tcp && !reused) {
      SocketCalls.set(b, plan.number(), SocketCalls.SO_REUSEADDR, 0);
    }
  }

  /** struct sockaddr_in or sockaddr_in6. */
  private static byte[] address(Endpoint endpoint) {
    boolean ipv6 = endpoint.address().length == 16;
    ByteBuffer bytes = ByteBuffer.allocate(ipv6 ? 28 : 16).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putShort((short) (ipv6 ? AF_INET6 : AF_INET));
    bytes.put((byte) (endpoint.port() >> 8)).put((byte) endpoint.port());
    if (ipv6) {
      bytes.putInt(0).put(endpoint.address()).putInt(endpoint.scope());
    } else {
      bytes.put(endpoint.address());
    }
    return bytes.array();
  }
}
