package dev.thaw.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;

/** A SOCK_SEQPACKET socket of unix(7) that is bound to a path and listens; owns its descriptor. */
public final class UnixListener extends Fd {
  private static final long NR_SOCKET = 41;
  private static final long NR_CONNECT = 42;
  private static final long NR_BIND = 49;
  private static final long NR_LISTEN = 50;
  private static final long NR_CHMOD = 90;
  private static final long NR_ACCEPT4 = 288;
  private static final int AF_UNIX = 1;
  private static final int SOCK_SEQPACKET_CLOEXEC = 5 | 0x80000;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int ADDRESS_BYTES = 110;
  private static final int MAX_PATH_BYTES = 107;
  private static final int BACKLOG = 128;

  private UnixListener(int number) {
    super(number);
  }

  /**
   * Binds to {@code path}, where nothing may be, and listens.
   *
   * @param mode of the socket's file: who may write there may connect
   */
  public static UnixListener bind(String path, int mode) throws SyscallException {
    UnixListener listener = new UnixListener(socket());
    try (Memory address = address(path)) {
      check(listener.call(NR_BIND, address), "bind(\"" + path + "\")");
      check(
          LibC.syscall(NR_CHMOD, Pointer.nativeValue(address) + 2, mode, 0, 0, 0, 0),
          "chmod(\"" + path + "\")");
      check(LibC.syscall(NR_LISTEN, listener.number(), BACKLOG, 0, 0, 0, 0), "listen");
      return listener;
    } catch (SyscallException e) {
      listener.close();
      throw e;
    }
  }

  /** Whether somebody listens at {@code path}. */
  public static boolean isServed(String path) throws SyscallException {
    try (UnixListener probe = new UnixListener(socket());
        Memory address = address(path)) {
      return probe.call(NR_CONNECT, address) == 0;
    }
  }

  /** Waits for a connection. */
  public UnixSocket accept() throws SyscallException {
    long fd;
    do {
      fd = LibC.syscall(NR_ACCEPT4, number(), 0, 0, SOCK_CLOEXEC, 0, 0);
    } while (fd < 0 && LibC.errno() == Errno.EINTR.code());
    check(fd, "accept4(" + number() + ")");
    return new UnixSocket((int) fd);
  }

  private long call(long nr, Memory address) {
    return LibC.syscall(nr, number(), Pointer.nativeValue(address), ADDRESS_BYTES, 0, 0, 0);
  }

  private static int socket() throws SyscallException {
    long fd = LibC.syscall(NR_SOCKET, AF_UNIX, SOCK_SEQPACKET_CLOEXEC, 0, 0, 0, 0);
    check(fd, "socket(AF_UNIX, SOCK_SEQPACKET)");
    return (int) fd;
  }

  /** struct sockaddr_un. */
  private static Memory address(String path) {
    byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MAX_PATH_BYTES) {
      throw new IllegalArgumentException(
          path + ": a socket's path has at most " + MAX_PATH_BYTES + " bytes");
    }
    Memory address = new Memory(ADDRESS_BYTES);
    address.clear();
    address.setShort(0, (short) AF_UNIX);
    address.write(2, bytes, 0, bytes.length);
    return address;
  }

  private static void check(long result, String call) throws SyscallException {
    if (result < 0) {
      throw new SyscallException(call, LibC.errno());
    }
  }
}
