package dev.thaw.image;

/**
 * The socket options that a checkpoint carries, from socket(7), tcp(7), ip(7), ipv6(7). A dump
 * keeps those with a value that a new socket of the same kind does not have.
 */
public enum SocketOption {
  SO_RCVBUF(Level.SOCKET, 8),
  SO_SNDBUF(Level.SOCKET, 7),
  /** Which of the two the program has set: the kernel tunes the others itself. */
  SO_BUF_LOCK(Level.SOCKET, 72),
  SO_REUSEADDR(Level.SOCKET, 2),
  SO_REUSEPORT(Level.SOCKET, 15),
  SO_BINDTODEVICE(Level.SOCKET, 25),
  SO_DONTROUTE(Level.SOCKET, 5),
  SO_BROADCAST(Level.SOCKET, 6),
  SO_KEEPALIVE(Level.SOCKET, 9),
  SO_OOBINLINE(Level.SOCKET, 10),
  SO_NO_CHECK(Level.SOCKET, 11),
  SO_PRIORITY(Level.SOCKET, 12),
  SO_LINGER(Level.SOCKET, 13),
  SO_PASSCRED(Level.SOCKET, 16),
  SO_RCVLOWAT(Level.SOCKET, 18),
  SO_RCVTIMEO(Level.SOCKET, 20),
  SO_SNDTIMEO(Level.SOCKET, 21),
  SO_TIMESTAMP(Level.SOCKET, 29),
  SO_PASSSEC(Level.SOCKET, 34),
  SO_TIMESTAMPNS(Level.SOCKET, 35),
  SO_MARK(Level.SOCKET, 36),
  SO_RXQ_OVFL(Level.SOCKET, 40),
  SO_PEEK_OFF(Level.SOCKET, 42),
  SO_BUSY_POLL(Level.SOCKET, 46),
  SO_ZEROCOPY(Level.SOCKET, 60),
  SO_PASSPIDFD(Level.SOCKET, 76),

  TCP_NODELAY(Level.TCP, 1),
  TCP_MAXSEG(Level.TCP, 2),
  TCP_CORK(Level.TCP, 3),
  TCP_KEEPIDLE(Level.TCP, 4),
  TCP_KEEPINTVL(Level.TCP, 5),
  TCP_KEEPCNT(Level.TCP, 6),
  TCP_SYNCNT(Level.TCP, 7),
  TCP_LINGER2(Level.TCP, 8),
  TCP_DEFER_ACCEPT(Level.TCP, 9),
  TCP_WINDOW_CLAMP(Level.TCP, 10),
  TCP_CONGESTION(Level.TCP, 13),
  TCP_THIN_LINEAR_TIMEOUTS(Level.TCP, 16),
  TCP_USER_TIMEOUT(Level.TCP, 18),
  TCP_FASTOPEN(Level.TCP, 23),
  TCP_NOTSENT_LOWAT(Level.TCP, 25),
  TCP_SAVE_SYN(Level.TCP, 27),
  TCP_FASTOPEN_CONNECT(Level.TCP, 30),

  UDP_CORK(Level.UDP, 1),
  UDP_GRO(Level.UDP, 104),
  UDP_SEGMENT(Level.UDP, 103),

  IP_TOS(Level.IP, 1),
  IP_TTL(Level.IP, 2),
  IP_RECVOPTS(Level.IP, 6),
  IP_RETOPTS(Level.IP, 7),
  IP_PKTINFO(Level.IP, 8),
  IP_MTU_DISCOVER(Level.IP, 10),
  IP_RECVERR(Level.IP, 11),
  IP_RECVTTL(Level.IP, 12),
  IP_RECVTOS(Level.IP, 13),
  IP_FREEBIND(Level.IP, 15),
  IP_TRANSPARENT(Level.IP, 19),
  IP_RECVORIGDSTADDR(Level.IP, 20),
  IP_MINTTL(Level.IP, 21),
  IP_BIND_ADDRESS_NO_PORT(Level.IP, 24),
  IP_MULTICAST_IF(Level.IP, 32),
  IP_MULTICAST_TTL(Level.IP, 33),
  IP_MULTICAST_LOOP(Level.IP, 34),
  IP_MULTICAST_ALL(Level.IP, 49),
  IP_LOCAL_PORT_RANGE(Level.IP, 51),

  IPV6_UNICAST_HOPS(Level.IPV6, 16),
  IPV6_MULTICAST_IF(Level.IPV6, 17),
  IPV6_MULTICAST_HOPS(Level.IPV6, 18),
  IPV6_MULTICAST_LOOP(Level.IPV6, 19),
  IPV6_MTU_DISCOVER(Level.IPV6, 23),
  IPV6_RECVERR(Level.IPV6, 25),
  IPV6_V6ONLY(Level.IPV6, 26),
  IPV6_MULTICAST_ALL(Level.IPV6, 29),
  IPV6_RECVPKTINFO(Level.IPV6, 49),
  IPV6_RECVHOPLIMIT(Level.IPV6, 51),
  IPV6_RECVTCLASS(Level.IPV6, 66),
  IPV6_TCLASS(Level.IPV6, 67),
  IPV6_DONTFRAG(Level.IPV6, 62),
  IPV6_AUTOFLOWLABEL(Level.IPV6, 70),
  IPV6_ADDR_PREFERENCES(Level.IPV6, 72),
  IPV6_MINHOPCOUNT(Level.IPV6, 73),
  IPV6_RECVORIGDSTADDR(Level.IPV6, 74),
  IPV6_TRANSPARENT(Level.IPV6, 75),
  IPV6_FREEBIND(Level.IPV6, 78);

  /** The protocol that knows an option. */
  public enum Level {
    SOCKET(1),
    TCP(6),
    UDP(17),
    IP(0),
    IPV6(41);

    private final int number;

    Level(int number) {
      this.number = number;
    }

    /** As setsockopt(2) takes it. */
    public int number() {
      return number;
    }
  }

  private final Level level;
  private final int number;

  SocketOption(Level level, int number) {
    this.level = level;
    this.number = number;
  }

  /** The protocol. */
  public Level level() {
    return level;
  }

  /** As setsockopt(2) takes it. */
  public int number() {
    return number;
  }
}
