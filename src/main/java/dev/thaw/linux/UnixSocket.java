package dev.thaw.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.List;

/** A connected SOCK_SEQPACKET socket of unix(7): messages that may carry descriptors. */
public final class UnixSocket extends Fd {
  private static final long NR_SENDMSG = 46;
  private static final long NR_RECVMSG = 47;
  private static final long NR_SOCKETPAIR = 53;
  private static final long AF_UNIX = 1;
  private static final long SOCK_SEQPACKET_CLOEXEC = 5 | 0x80000;
  private static final long MSG_NOSIGNAL = 0x4000;
  private static final long MSG_CMSG_CLOEXEC = 0x40000000;
  private static final int SOL_SOCKET = 1;
  private static final int SCM_RIGHTS = 1;
  private static final int MSGHDR_BYTES = 56;
  private static final int CMSG_HEADER_BYTES = 16;
  private static final int MAX_FDS = 16;

  /** A message: its bytes, and its descriptors, which the receiver owns. */
  public record Message(byte[] bytes, List<Fd> fds) {}

  /** Takes ownership of {@code number}, a connected socket. */
  public UnixSocket(int number) {
    super(number);
  }

  /** socketpair(2): two ends. */
  public static UnixSocket[] pair() throws SyscallException {
    try (Memory out = new Memory(8)) {
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
    try (Memory header = new Memory(MSGHDR_BYTES);
        Memory iov = new Memory(16);
        Memory data = new Memory(Math.max(1, bytes.length));
        Memory control = new Memory(CMSG_HEADER_BYTES + 4L * MAX_FDS)) {
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
   */
  public Message receive(int maxBytes) throws SyscallException {
    try (Memory header = new Memory(MSGHDR_BYTES);
        Memory iov = new Memory(16);
        Memory data = new Memory(maxBytes);
        Memory control = new Memory(CMSG_HEADER_BYTES + 4L * MAX_FDS)) {
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
      return n == 0 && fds.isEmpty() ? null : new Message(data.getByteArray(0, (int) n), fds);
    }
  }

  private static void fillHeader(Memory header, Memory iov, Memory data, long lengthBytes) {
    header.clear();
    iov.setPointer(0, data);
    iov.setLong(8, lengthBytes);
    header.setPointer(16, iov);
    header.setLong(24, 1);
  }
}
