package dev.thaw.linux;

import com.sun.jna.Pointer;

/** One end of a connected socket that carries one-byte messages; owns its descriptor. */
public final class MessageSocket implements AutoCloseable {
  private static final long NR_POLL = 7;
  private static final long NR_SENDTO = 44;
  private static final long NR_RECVFROM = 45;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final short POLLIN = 1;

  private final Fd fd;

  /** Takes ownership of {@code fd}. */
  public MessageSocket(Fd fd) {
    this.fd = fd;
  }

  /** Sends one byte; false: the other side is gone. */
  public boolean send(char message) throws SyscallException {
    try (Scratch buffer = Scratch.of(1)) {
      buffer.setByte(0, (byte) message);
      long sent =
          LibC.syscall(NR_SENDTO, fd.number(), Pointer.nativeValue(buffer), 1, MSG_NOSIGNAL, 0, 0);
      if (sent < 0 && gone(LibC.errno())) {
        return false;
      }
      if (sent < 0) {
        throw new SyscallException("sendto(" + fd.number() + ", 1)", LibC.errno());
      }
      return true;
    }
  }

  /** What {@link #receive} found. */
  public enum Received {
    MESSAGE,
    NOTHING,
    GONE
  }

  /** Waits for one message, at most {@code limitMillis}. */
  public Received receive(int limitMillis) throws SyscallException {
    try (Scratch poll = Scratch.of(8);
        Scratch buffer = Scratch.of(1)) {
      poll.setInt(0, fd.number());
      poll.setShort(4, POLLIN);
      poll.setShort(6, (short) 0);
      long ready = LibC.syscall(NR_POLL, Pointer.nativeValue(poll), 1, limitMillis, 0, 0, 0);
      if (ready < 0 && Errno.of(LibC.errno()) != Errno.EINTR) {
        throw new SyscallException("poll(" + fd.number() + ")", LibC.errno());
      }
      if (ready <= 0) {
        return Received.NOTHING;
      }
      long got =
          LibC.syscall(
              NR_RECVFROM, fd.number(), Pointer.nativeValue(buffer), 1, MSG_DONTWAIT, 0, 0);
      if (got < 0 && !gone(LibC.errno())) {
        throw new SyscallException("recvfrom(" + fd.number() + ")", LibC.errno());
      }
      return got == 1 ? Received.MESSAGE : Received.GONE;
    }
  }

  private static boolean gone(int code) {
    return code == Errno.EPIPE.code() || code == 104; // ECONNRESET
  }

  @Override
  public void close() {
    fd.close();
  }
}
