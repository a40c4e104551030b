package dev.thaw.image.file;

import dev.thaw.image.OpenFile;
import dev.thaw.image.SocketSetting;
import java.util.List;

/**
 * A TCP or UDP socket that has no connection of its own: listening, bound, or neither; UDP may have
 * a peer.
 *
 * @param ipv6 AF_INET6 rather than AF_INET
 * @param protocol TCP or UDP
 * @param local what it is bound to
 * @param peer of a UDP socket that connect(2) was called on
 * @param backlog of a listener, else -1
 * @param queue datagrams of UDP that wait to be received, in order
 * @param options that differ from a new socket's
 */
public record InetSocket(
    int id,
    int flags,
    boolean ipv6,
    Protocol protocol,
    Endpoint local,
    Endpoint peer,
    int backlog,
    List<Datagram> queue,
    List<SocketSetting> options)
    implements OpenFile {

  /** The transport protocol. */
  public enum Protocol {
    TCP,
    UDP
  }

  /**
   * An address and a port.
   *
   * @param address in bytes: 4 or 16, or none
   * @param scope index of the interface of a link-local IPv6 address, else 0
   */
  public record Endpoint(byte[] address, int port, int scope) {
    /** Not bound, not connected. */
    public static Endpoint none() {
      return new Endpoint(new byte[0], 0, 0);
    }

    /** Validates. */
    public Endpoint {
      if (address.length != 0 && address.length != 4 && address.length != 16) {
        throw new IllegalArgumentException("IP address of " + address.length + " bytes");
      }
      if (port < 0 || port > 65535) {
        throw new IllegalArgumentException("port " + port);
      }
    }

    /** Whether there is one. */
    public boolean present() {
      return address.length != 0;
    }

    @Override
    public String toString() {
      try {
        return java.net.InetAddress.getByAddress(address).getHostAddress() + " port " + port;
      } catch (java.net.UnknownHostException e) {
        return "no address";
      }
    }
  }

  /** A datagram and where it came from. */
  public record Datagram(Endpoint from, byte[] bytes) {
    /** What fits into an IPv4 packet with its headers, and a little more into one of IPv6. */
    private static final int MAX_BYTES = 65535 - 8;

    /** Validates. */
    public Datagram {
      if (!from.present() || bytes.length > MAX_BYTES) {
        throw new IllegalArgumentException(bytes.length + " bytes from " + from);
      }
    }
  }

  /** Validates. */
  public InetSocket {
    queue = List.copyOf(queue);
    options = List.copyOf(options);
    int bytes = ipv6 ? 16 : 4;
    for (Endpoint endpoint : List.of(local, peer)) {
      if (endpoint.present() && endpoint.address().length != bytes) {
        throw new IllegalArgumentException("address of another family: " + endpoint);
      }
    }
    if (queue.stream().anyMatch(d -> d.from().address().length != bytes)) {
      throw new IllegalArgumentException("a datagram of another family");
    }
    if (protocol == Protocol.TCP && (peer.present() || !queue.isEmpty())
        || protocol == Protocol.UDP && backlog >= 0
        || backlog < -1) {
      throw new IllegalArgumentException(protocol + " with peer " + peer + ", backlog " + backlog);
    }
  }

  /** Whether it listens. */
  public boolean listens() {
    return backlog >= 0;
  }

  @Override
  public String describe() {
    return protocol + (listens() ? " listener on " : " socket on ") + local;
  }
}
