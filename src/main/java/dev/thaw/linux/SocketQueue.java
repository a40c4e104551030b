package dev.thaw.linux;

import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What waits to be received from a socket of unix(7) or udp(7), seen with MSG_PEEK.
 *
 * <p>Messages behind the first are reached with SO_PEEK_OFF, which is set back. The kernel marks an
 * empty datagram that was peeked at and a later walk leaves it out (__skb_try_recv_from_queue() in
 * net/core/datagram.c, 6.18): a second dump of the same queue misses it.
 */
public final class SocketQueue {
  private static final long NR_RECVMSG = 47;
  private static final long NR_SETSOCKOPT = 54;
  private static final int SO_PEEK_OFF = 42;
  private static final long MSG_PEEK_DONTWAIT = 0x2 | 0x40;
  private static final int MSG_TRUNC = 0x20;
  private static final int SCM_RIGHTS = 1;
  private static final int SCM_PIDFD = 4;
  private static final int MSGHDR_BYTES = 56;
  private static final int CONTROL_BYTES = 1280;
  private static final int NAME_BYTES = 110;

  /** More than the default SO_SNDBUF, so more than one message holds. */
  private static final int MESSAGE_BYTES = 1 << 20;

  private SocketQueue() {}

  /**
   * One message.
   *
   * @param from the sender's struct sockaddr without its family; empty if it has no name
   * @param carriesDescriptors SCM_RIGHTS
   * @param carriesMore other control messages, as the options of the socket ask for them
   */
  public record Message(
      byte[] bytes, byte[] from, boolean carriesDescriptors, boolean carriesMore) {}

  /** All that a stream holds, as one message, or nothing. */
  public static List<Message> stream(Fd socket) throws SyscallException {
    int bytes = Fcntl.readableBytes(socket);
    Message all = bytes == 0 ? null : peek(socket, bytes);
    return all == null ? List.of() : List.of(all);
  }

  /** All datagrams or packets, in order. */
  public static List<Message> messages(Fd socket) throws SyscallException {
    int before = Sockets.number(socket, Sockets.SOL_SOCKET, SO_PEEK_OFF);
    setPeekOffset(socket, 0);
    try {
      List<Message> all = new ArrayList<>();
      for (Message m = peek(socket, MESSAGE_BYTES); m != null; m = peek(socket, MESSAGE_BYTES)) {
        all.add(m);
      }
      return all;
    } finally {
      setPeekOffset(socket, before);
    }
  }

  private static void setPeekOffset(Fd socket, int offset) throws SyscallException {
    try (Scratch value = Scratch.of(4)) {
      value.setInt(0, offset);
      if (LibC.syscall(
              NR_SETSOCKOPT,
              socket.number(),
              Sockets.SOL_SOCKET,
              SO_PEEK_OFF,
              Pointer.nativeValue(value),
              4,
              0)
          < 0) {
        throw new SyscallException(
            "setsockopt(" + socket.number() + ", SO_PEEK_OFF, " + offset + ")", LibC.errno());
      }
    }
  }

  /** The next message, or null if there is none. */
  private static Message peek(Fd socket, int limit) throws SyscallException {
    try (Scratch header = Scratch.of(MSGHDR_BYTES);
        Scratch iov = Scratch.of(16);
        Scratch data = Scratch.of(limit);
        Scratch name = Scratch.of(NAME_BYTES);
        Scratch control = Scratch.of(CONTROL_BYTES)) {
      header.clear();
      iov.setPointer(0, data);
      iov.setLong(8, limit);
      header.setPointer(0, name);
      header.setInt(8, NAME_BYTES);
      header.setPointer(16, iov);
      header.setLong(24, 1);
      header.setPointer(32, control);
      header.setLong(40, CONTROL_BYTES);
      long read =
          LibC.syscall(
              NR_RECVMSG, socket.number(), Pointer.nativeValue(header), MSG_PEEK_DONTWAIT, 0, 0, 0);
      if (read < 0 && LibC.errno() == Errno.EAGAIN.code()) {
        return null;
      }
      if (read < 0) {
        throw new SyscallException("recvmsg(" + socket.number() + ", MSG_PEEK)", LibC.errno());
      }
      boolean packet = Sockets.number(socket, Sockets.SOL_SOCKET, Sockets.SO_TYPE) != 1;
      if (read == 0 && packet && header.getInt(8) == 0 && ended(socket)) {
        return null;
      }
      if ((header.getInt(48) & MSG_TRUNC) != 0) {
        throw new SyscallException("recvmsg(" + socket.number() + ")", Errno.EMSGSIZE.code());
      }
      int named = Math.max(0, header.getInt(8) - 2);
      Set<Integer> kinds = closeReceived(control, header.getLong(40));
      boolean rights = kinds.remove(SCM_RIGHTS);
      return new Message(
          data.getByteArray(0, (int) read),
          named == 0 ? new byte[0] : Arrays.copyOf(name.getByteArray(2, named), named),
          rights,
          !kinds.isEmpty());
    }
  }

  /** A packet socket whose peer has closed gives empty messages without end: unix(7). */
  private static boolean ended(Fd socket) throws SyscallException {
    boolean packets = Sockets.number(socket, Sockets.SOL_SOCKET, Sockets.SO_TYPE) == 5;
    return packets && (Fcntl.poll(socket, Fcntl.POLLRDHUP) & Fcntl.POLLRDHUP) != 0;
  }

  /**
   * Closes the descriptors that came along.
   *
   * @return the kinds of control messages: SCM_RIGHTS, or 0 for any other but SOL_SOCKET's
   */
  private static Set<Integer> closeReceived(Pointer control, long bytes) {
    Set<Integer> kinds = new HashSet<>();
    for (long at = 0; at + 16 <= bytes; at += (control.getLong(at) + 7) & ~7L) {
      int kind = control.getInt(at + 8) == Sockets.SOL_SOCKET ? control.getInt(at + 12) : 0;
      kinds.add(kind);
      boolean descriptors = kind == SCM_RIGHTS || kind == SCM_PIDFD;
      for (long fd = at + 16; descriptors && fd < at + control.getLong(at); fd += 4) {
        LibC.close(control.getInt(fd));
      }
    }
    return kinds;
  }
}
