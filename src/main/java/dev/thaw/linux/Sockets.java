package dev.thaw.linux;

import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Questions about a socket, see socket(7); none of them changes it. */
public final class Sockets {
  public static final int AF_UNIX = 1;
  public static final int AF_INET = 2;
  public static final int AF_INET6 = 10;
  public static final int SOL_SOCKET = 1;
  public static final int SO_TYPE = 3;
  public static final int SO_PEERCRED = 17;
  public static final int SO_PROTOCOL = 38;
  public static final int SO_DOMAIN = 39;

  private static final long NR_SOCKET = 41;
  private static final long NR_GETSOCKNAME = 51;
  private static final long NR_GETPEERNAME = 52;
  private static final long NR_GETSOCKOPT = 55;
  private static final long SOCK_CLOEXEC = 02000000;

  /** struct sockaddr_storage. */
  private static final int ADDRESS_BYTES = 128;

  private static final int MAX_OPTION_BYTES = 256;

  private Sockets() {}

  /** A new socket. */
  public static Fd open(int domain, int type, int protocol) throws SyscallException {
    long fd = LibC.syscall(NR_SOCKET, domain, type | SOCK_CLOEXEC, protocol, 0, 0, 0);
    if (fd < 0) {
      throw new SyscallException(
          "socket(" + domain + ", " + type + ", " + protocol + ")", LibC.errno());
    }
    return new Fd((int) fd);
  }

  /**
   * getsockopt(2).
   *
   * @return what the kernel wrote, which may be empty
   */
  public static byte[] option(Fd socket, int level, int name) throws SyscallException {
    try (Scratch value = Scratch.of(MAX_OPTION_BYTES);
        Scratch length = Scratch.of(4)) {
      value.clear();
      length.setInt(0, MAX_OPTION_BYTES);
      long result =
          LibC.syscall(
              NR_GETSOCKOPT,
              socket.number(),
              level,
              name,
              Pointer.nativeValue(value),
              Pointer.nativeValue(length),
              0);
      if (result < 0) {
        throw new SyscallException(
            "getsockopt(" + socket.number() + ", " + level + ", " + name + ")", LibC.errno());
      }
      return value.getByteArray(0, length.getInt(0));
    }
  }

  /** How much getsockopt(2) would have to say if it were given no room. */
  public static int optionLength(Fd socket, int level, int name) throws SyscallException {
    try (Scratch length = Scratch.of(4)) {
      length.setInt(0, 0);
      long result =
          LibC.syscall(
              NR_GETSOCKOPT, socket.number(), level, name, 0, Pointer.nativeValue(length), 0);
      if (result < 0) {
        throw new SyscallException(
            "getsockopt(" + socket.number() + ", " + level + ", " + name + ")", LibC.errno());
      }
      return length.getInt(0);
    }
  }

  /** An option that is an int. */
  public static int number(Fd socket, int level, int name) throws SyscallException {
    byte[] value = option(socket, level, name);
    return value[0] & 0xff
        | (value[1] & 0xff) << 8
        | (value[2] & 0xff) << 16
        | (value[3] & 0xff) << 24;
  }

  /** SO_PEERCRED: pid, uid and gid of struct ucred; pid 0 if there is none. */
  public static int[] peerCredentials(Fd socket) throws SyscallException {
    ByteBuffer ucred =
        ByteBuffer.wrap(option(socket, SOL_SOCKET, SO_PEERCRED)).order(ByteOrder.LITTLE_ENDIAN);
    return new int[] {ucred.getInt(0), ucred.getInt(4), ucred.getInt(8)};
  }

  /** The struct sockaddr that it is bound to, as long as the kernel says. */
  public static byte[] name(Fd socket) throws SyscallException {
    return address(NR_GETSOCKNAME, "getsockname", socket);
  }

  /** The struct sockaddr of its peer; empty if it is not connected. */
  public static byte[] peer(Fd socket) throws SyscallException {
    try {
      return address(NR_GETPEERNAME, "getpeername", socket);
    } catch (SyscallException e) {
      if (e.errno() == Errno.ENOTCONN) {
        return new byte[0];
      }
      throw e;
    }
  }

  private static byte[] address(long nr, String call, Fd socket) throws SyscallException {
    try (Scratch address = Scratch.of(ADDRESS_BYTES);
        Scratch length = Scratch.of(4)) {
      length.setInt(0, ADDRESS_BYTES);
      long result =
          LibC.syscall(
              nr,
              socket.number(),
              Pointer.nativeValue(address),
              Pointer.nativeValue(length),
              0,
              0,
              0);
      if (result < 0) {
        throw new SyscallException(call + "(" + socket.number() + ")", LibC.errno());
      }
      return address.getByteArray(0, Math.min(ADDRESS_BYTES, length.getInt(0)));
    }
  }
}
