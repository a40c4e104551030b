package dev.thaw.restore.fd;

import dev.thaw.image.SocketOption;
import dev.thaw.image.SocketSetting;
import dev.thaw.image.file.InetSocket;
import dev.thaw.image.file.InetSocket.Datagram;
import dev.thaw.image.file.InetSocket.Endpoint;
import dev.thaw.remote.Program;
import dev.thaw.remote.Program.Success;
import dev.thaw.remote.Syscalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts datagrams back into a UDP socket. They are sent as whole packets through a raw socket with
 * the address of their old sender in the header (IP_HDRINCL, raw(7)): over the loopback interface a
 * packet keeps the route of its sending, so that the kernel does not ask where it came from. Then
 * each is looked for with MSG_PEEK: a firewall may have dropped it, and that fails the restore.
 */
final class Datagrams {
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int SOCK_RAW_CLOEXEC = 3 | 02000000;
  private static final int IPPROTO_RAW = 255;
  private static final int IPPROTO_UDP = 17;
  private static final int IPV4_HEADER = 20;
  private static final int IPV6_HEADER = 40;
  private static final int UDP_HEADER = 8;
  private static final int HOPS = 64;
  private static final int MAPPED_BYTES = 12;
  private static final int MSG_PEEK = 2;
  private static final int SO_RCVBUFFORCE = 33;

  /** struct timeval; a queue of the kernel's own may delay even a local packet. */
  private static final byte[] PATIENCE = Words.of(10, 0);

  /** What delivering changes, to be set again. */
  private static final Set<SocketOption> CHANGED =
      EnumSet.of(
          SocketOption.SO_RCVBUF,
          SocketOption.SO_BUF_LOCK,
          SocketOption.SO_RCVTIMEO,
          SocketOption.SO_PEEK_OFF);

  private static final int SPARE_BYTES = 1 << 20;
  private static final int SPARE_PER_DATAGRAM = 4096;

  private Datagrams() {}

  /** Adds the calls. */
  static void deliver(InetSocket file, FilePlan plan) {
    if (file.queue().isEmpty()) {
      return;
    }
    Program.Builder b = plan.in(Phase.FILL);
    int room = SPARE_BYTES;
    for (Datagram datagram : file.queue()) {
      room += 2 * datagram.bytes().length + SPARE_PER_DATAGRAM;
    }
    SocketCalls.set(b, plan.number(), SO_RCVBUFFORCE, room);
    send(b, file);
    look(b, file, plan.number());
    List<SocketSetting> changed =
        file.options().stream().filter(s -> CHANGED.contains(s.option())).toList();
    SocketCalls.set(b, plan.number(), changed);
  }

  private static void send(Program.Builder b, InetSocket file) {
    Map<Boolean, Program.Arg> raw = new HashMap<>();
    for (Datagram datagram : file.queue()) {
      boolean ipv4 = isIpv4(datagram.from().address());
      Program.Arg sender =
          raw.computeIfAbsent(
              ipv4,
              key ->
                  b.call(
                      Syscalls.SOCKET, ipv4 ? AF_INET : AF_INET6, SOCK_RAW_CLOEXEC, IPPROTO_RAW));
      byte[] to = destination(file.local(), ipv4);
      byte[] packet =
          packet(
              v4OrV6(datagram.from().address(), ipv4),
              datagram.from().port(),
              to,
              file.local().port(),
              datagram.bytes());
      byte[] address = address(to);
      b.note("datagram from " + datagram.from());
      b.callOk(
          Success.exactly(packet.length),
          Syscalls.SENDTO,
          sender,
          b.data(packet),
          packet.length,
          0,
          b.data(address),
          address.length);
    }
    raw.values().forEach(fd -> b.call(Syscalls.CLOSE, fd));
  }

  /** An empty datagram that was peeked at hides from the next walk: see the dump's side. */
  private static void look(Program.Builder b, InetSocket file, int number) {
    if (file.queue().stream().anyMatch(d -> d.bytes().length == 0)) {
      return;
    }
    int longest = file.queue().stream().mapToInt(d -> d.bytes().length).max().orElse(0);
    Program.Data buffer = b.zeroed(longest);
    b.call(
        Syscalls.SETSOCKOPT,
        number,
        SocketCalls.SOL_SOCKET,
        SocketOption.SO_RCVTIMEO.number(),
        b.data(PATIENCE),
        PATIENCE.length);
    SocketCalls.set(b, number, SocketOption.SO_PEEK_OFF.number(), 0);
    for (Datagram datagram : file.queue()) {
      b.note("the datagram from " + datagram.from() + " must have arrived");
      int bytes = datagram.bytes().length;
      b.callOk(Success.exactly(bytes), Syscalls.RECVFROM, number, buffer, bytes, MSG_PEEK, 0, 0);
    }
    SocketCalls.set(b, number, SocketOption.SO_PEEK_OFF.number(), -1);
    byte[] forEver = Words.of(0, 0);
    b.call(
        Syscalls.SETSOCKOPT,
        number,
        SocketCalls.SOL_SOCKET,
        SocketOption.SO_RCVTIMEO.number(),
        b.data(forEver),
        forEver.length);
  }

  /** Where it goes to: the socket's own address, or the loopback one if it has any. */
  private static byte[] destination(Endpoint local, boolean ipv4) {
    byte[] address = v4OrV6(local.address(), ipv4 && isIpv4(local.address()));
    for (byte part : address) {
      if (part != 0) {
        return address;
      }
    }
    byte[] loopback = new byte[ipv4 ? 4 : 16];
    loopback[0] = (byte) (ipv4 ? 127 : 0);
    loopback[loopback.length - 1] = 1;
    return loopback;
  }

  /** An IPv4 address, as it is or mapped into IPv6 (::ffff:0:0/96). */
  private static boolean isIpv4(byte[] address) {
    if (address.length == 4) {
      return true;
    }
    byte[] prefix = new byte[MAPPED_BYTES];
    prefix[MAPPED_BYTES - 2] = prefix[MAPPED_BYTES - 1] = (byte) 0xff;
    return Arrays.equals(prefix, Arrays.copyOf(address, MAPPED_BYTES));
  }

  private static byte[] v4OrV6(byte[] address, boolean ipv4) {
    return ipv4 && address.length == 16 ? Arrays.copyOfRange(address, MAPPED_BYTES, 16) : address;
  }

  /** struct sockaddr_in or sockaddr_in6; a raw socket has no port. */
  private static byte[] address(byte[] to) {
    ByteBuffer bytes = ByteBuffer.allocate(to.length == 4 ? 16 : 28).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putShort((short) (to.length == 4 ? AF_INET : AF_INET6)).putShort((short) 0);
    return (to.length == 4 ? bytes : bytes.putInt(0)).put(to).array();
  }

  /** An IP packet with a UDP datagram: RFC 791, RFC 8200, RFC 768. The kernel sums IPv4 headers. */
  static byte[] packet(byte[] from, int fromPort, byte[] to, int toPort, byte[] payload) {
    int udpBytes = UDP_HEADER + payload.length;
    boolean ipv4 = from.length == 4;
    int header = ipv4 ? IPV4_HEADER : IPV6_HEADER;
    ByteBuffer packet = ByteBuffer.allocate(header + udpBytes);
    if (ipv4) {
      packet.putShort((short) 0x4500).putShort((short) packet.capacity()).putInt(0);
      packet.put((byte) HOPS).put((byte) IPPROTO_UDP).putShort((short) 0);
    } else {
      packet.putInt(0x60000000).putShort((short) udpBytes);
      packet.put((byte) IPPROTO_UDP).put((byte) HOPS);
    }
    packet.put(from).put(to);
    packet.putShort((short) fromPort).putShort((short) toPort).putShort((short) udpBytes);
    packet.putShort((short) 0).put(payload);
    int checksum = checksum(from, to, packet.array(), header);
    packet.putShort(header + UDP_HEADER - 2, (short) checksum);
    return packet.array();
  }

  private static int checksum(byte[] from, byte[] to, byte[] packet, int header) {
    long sum = IPPROTO_UDP + packet.length - header;
    sum += words(from, 0) + words(to, 0) + words(packet, header);
    while (sum > 0xffff) {
      sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum == 0xffff ? 0xffff : (int) ~sum & 0xffff; // 0 would mean that there is none
  }

  private static long words(byte[] bytes, int start) {
    long sum = 0;
    for (int i = start; i < bytes.length; i++) {
      int even = (i - start) % 2 == 0 ? 8 : 0;
      sum += (long) (bytes[i] & 0xff) << even;
    }
    return sum;
  }
}
