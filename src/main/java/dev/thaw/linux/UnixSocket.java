package dev.thaw.linux;

import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.List;

/** A connected SOCK_SEQPACKET socket of unix(7): messages that may carry descriptors. */
public final class UnixSocket extends Fd {
  private static final long NR_SENDMSG = 46;
  private static final long NR_RECVMSG = 47;
  private static final long NR_SOCKETPAIR = 53;
  private static final long NR_POLL = 7;
  private static final long NR_SHUTDOWN = 48;
  private static final long NR_GETSOCKOPT = 55;
  private static final int POLLIN = 1;
  private static final int POLLHUP = 0x10;
  private static final int SO_PEERCRED = 17;
  private static final int SHUT_RD = 0;
  private static final long AF_UNIX = 1;
  private static final long SOCK_SEQPACKET_CLOEXEC = 5 | 0x80000;
  private static final long MSG_NOSIGNAL = 0x4000;
  private static final long MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int MSG_CTRUNC = 8;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int MSGHDR_BYTES = 56;
  private static final int CMSG_HEADER_BYTES = 16;
  private static final int MAX_FDS = 16;

  /** A message: its bytes, and its descriptors, which the receiver owns. */
  public record Message(byte[] bytes, List<Fd> fds) {}

  /** A process and its effective user. */
  public record Peer(int pid, int uid) {}

  /** Takes ownership of {@code number}, a connected socket. */
  public UnixSocket(int number) {
    super(number);
  }

  /** Takes ownership of a descriptor that is one. */
  public static UnixSocket of(Fd fd) {
    return new UnixSocket(fd.release());
  }

  /** socketpair(2): two ends. */
  public static UnixSocket[] pair() throws SyscallException {
    try (Scratch out = Scratch.of(8)) {
      if (LibC.syscall(
              NR_SOCKETPAIR, AF_UNIX, SOCK_SEQPACKET_CLOEXEC, 0, Pointer.nativeValue(out), 0, 0)
          < 0) {
        throw new SyscallException("socketpair(AF_UNIX, SOCK_SEQPACKET)", LibC.errno());
      }
      return new UnixSocket[] {new UnixSocket(out.getInt(0)), new UnixSocket(out.getInt(4))};
    }
  }

  /** Sends one message. The descriptors stay the caller's. */
  public void send(byte[] bytes, List<Fd> fds) throws SyscallException {
    long controlBytes = CMSG_HEADER_BYTES + 4L * fds.size();
    try (Scratch header = Scratch.of(MSGHDR_BYTES);
        Scratch iov = Scratch.of(16);
        Scratch data = Scratch.of(Math.max(1, bytes.length));
        Scratch control = Scratch.of(CMSG_HEADER_BYTES + 4L * MAX_FDS)) {
      data.write(0, bytes, 0, bytes.length);
      fillHeader(header, iov, data, bytes.length);
      if (!fds.isEmpty()) {
        control.setLong(0, controlBytes);
        control.setInt(8, SOL_SOCKET);
        control.setInt(12, SCM_RIGHTS);
        for (int i = 0; i < fds.size(); i++) {
          control.setInt(CMSG_HEADER_BYTES + 4L * i, fds.get(i).number());
        }
        header.setPointer(32, control);
        header.setLong(40, (controlBytes + 7) & ~7L);
      }
      if (LibC.syscall(NR_SENDMSG, number(), Pointer.nativeValue(header), MSG_NOSIGNAL, 0, 0, 0)
          < 0) {
        throw new SyscallException(
            "sendmsg(" + number() + ", " + bytes.length + " bytes, " + fds.size() + " descriptors)",
            LibC.errno());
      }
    }
  }

  /**
   * Waits for one message.
   *
   * @return the message, or null at the end: the other side has closed
   * @throws SyscallException also {@code EMFILE}, where a descriptor of it finds no number
   */
  public Message receive(int maxBytes) throws SyscallException {
    try (Scratch header = Scratch.of(MSGHDR_BYTES);
        Scratch iov = Scratch.of(16);
        Scratch data = Scratch.of(maxBytes);
        Scratch control = Scratch.of(CMSG_HEADER_BYTES + 4L * MAX_FDS)) {
      fillHeader(header, iov, data, maxBytes);
      control.clear();
      header.setPointer(32, control);
      header.setLong(40, control.size());
      long n;
      do {
        n =
            LibC.syscall(
                NR_RECVMSG, number(), Pointer.nativeValue(header), MSG_CMSG_CLOEXEC, 0, 0, 0);
      } while (n < 0 && LibC.errno() == Errno.EINTR.code());
      if (n < 0) {
        throw new SyscallException("recvmsg(" + number() + ")", LibC.errno());
      }
      List<Fd> fds = new ArrayList<>();
      boolean carries =
          header.getLong(40) >= CMSG_HEADER_BYTES
              && control.getInt(8) == SOL_SOCKET
              && control.getInt(12) == SCM_RIGHTS;
      if (carries) {
        for (long at = CMSG_HEADER_BYTES; at < control.getLong(0); at += 4) {
          fds.add(new Fd(control.getInt(at)));
        }
      }
      if ((header.getInt(48) & MSG_CTRUNC) != 0) { // the kernel leaves out what finds no number
        fds.forEach(Fd::close);
        throw new SyscallException(
            "recvmsg(" + number() + ") [" + fds.size() + " of its descriptors]",
            Errno.EMFILE.code());
      }
      return n == 0 && fds.isEmpty() ? null : new Message(data.getByteArray(0, (int) n), fds);
    }
  }

  /** Waits so long for a message, or the end; whether there is one. */
  public boolean await(int timeoutMillis) {
    try (Scratch poll = Scratch.of(8)) {
      poll.setInt(0, number());
      poll.setInt(4, POLLIN);
      return LibC.syscall(NR_POLL, Pointer.nativeValue(poll), 1, timeoutMillis, 0, 0, 0) > 0;
    }
  }

  /** Whether the other side has closed. Does not wait. */
  public boolean hasEnded() {
    try (Scratch poll = Scratch.of(8)) {
      poll.setInt(0, number());
      poll.setInt(4, 0); // POLLHUP is always reported
      long ready = LibC.syscall(NR_POLL, Pointer.nativeValue(poll), 1, 0, 0, 0, 0);
      return ready > 0 && (poll.getShort(6) & POLLHUP) != 0;
    }
  }

  /** Who is at the other side: as it was when it connected, in the caller's namespaces. */
  public Peer peer() throws SyscallException {
    try (Scratch ucred = Scratch.of(12);
        Scratch length = Scratch.of(4)) {
      length.setInt(0, 12);
      if (LibC.syscall(
              NR_GETSOCKOPT,
              number(),
              SOL_SOCKET,
              SO_PEERCRED,
              Pointer.nativeValue(ucred),
              Pointer.nativeValue(length),
              0)
          < 0) {
        throw new SyscallException("getsockopt(" + number() + ", SO_PEERCRED)", LibC.errno());
      }
      return new Peer(ucred.getInt(0), ucred.getInt(4));
    }
  }

  /** Has a {@link #receive} of another thread return null, now and later. */
  public void endReceiving() {
    LibC.syscall(NR_SHUTDOWN, number(), SHUT_RD, 0, 0, 0, 0);
  }

  private static void fillHeader(Scratch header, Scratch iov, Scratch data, long lengthBytes) {
    header.clear();
    iov.setPointer(0, data);
    iov.setLong(8, lengthBytes);
    header.setPointer(16, iov);
    header.setLong(24, 1);
  }
}
