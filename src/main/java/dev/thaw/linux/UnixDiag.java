package dev.thaw.linux;

import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What sock_diag(7) tells of one socket of unix(7): the things that its owner cannot ask.
 *
 * @param listens whether it is in the state TCP_LISTEN
 * @param peer inode of the socket it is connected to; 0 where that is closed, -1 if there is none
 * @param backlog what listen(2) was given; only of a listener
 * @param shutdown 1 = no more to receive, 2 = no more to send
 * @param file inode of the file it is bound to, or 0
 */
public record UnixDiag(boolean listens, long peer, int backlog, int shutdown, long file) {
  private static final long NR_SENDTO = 44;
  private static final long NR_RECVFROM = 45;
  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW = 3;
  private static final int NETLINK_SOCK_DIAG = 4;
  private static final int SOCK_DIAG_BY_FAMILY = 20;
  private static final int NLM_F_REQUEST = 1;
  private static final int NLMSG_ERROR = 2;
  private static final int HEADER_BYTES = 16;
  private static final int REPLY_BYTES = 16;
  private static final int TCP_LISTEN = 10;

  // linux/unix_diag.h
  private static final int SHOW_VFS_PEER_RQLEN = 0x2 | 0x4 | 0x10;
  private static final int ATTRIBUTE_VFS = 1;
  private static final int ATTRIBUTE_PEER = 2;
  private static final int ATTRIBUTE_RQLEN = 4;
  private static final int ATTRIBUTE_SHUTDOWN = 6;

  /** Asks about the socket with this inode number, in the caller's network namespace. */
  public static UnixDiag of(long inode) throws SyscallException {
    ByteBuffer request = buffer(HEADER_BYTES + 24);
    request.putInt(request.capacity()).putShort((short) SOCK_DIAG_BY_FAMILY);
    request.putShort((short) NLM_F_REQUEST).putInt(1).putInt(0);
    request.put((byte) Sockets.AF_UNIX).put((byte) 0).putShort((short) 0).putInt(-1);
    request.putInt((int) inode).putInt(SHOW_VFS_PEER_RQLEN).putInt(-1).putInt(-1);
    return parse(inode, exchange(request.array()));
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer exchange(byte[] request) throws SyscallException {
    try (Fd netlink = Sockets.open(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
        Scratch memory = Scratch.of(4096)) {
      memory.write(0, request, 0, request.length);
      long address = Pointer.nativeValue(memory);
      if (LibC.syscall(NR_SENDTO, netlink.number(), address, request.length, 0, 0, 0) < 0) {
        throw new SyscallException("sendto(NETLINK_SOCK_DIAG)", LibC.errno());
      }
      long read = LibC.syscall(NR_RECVFROM, netlink.number(), address, memory.size(), 0, 0, 0);
      if (read < HEADER_BYTES + REPLY_BYTES) {
        throw new SyscallException("recvfrom(NETLINK_SOCK_DIAG)", LibC.errno());
      }
      return ByteBuffer.wrap(memory.getByteArray(0, (int) read)).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  private static UnixDiag parse(long inode, ByteBuffer reply) throws SyscallException {
    if (reply.getShort(4) == NLMSG_ERROR) {
      throw new SyscallException(
          "SOCK_DIAG_BY_FAMILY(AF_UNIX, inode " + inode + ")", -reply.getInt(HEADER_BYTES));
    }
    boolean listens = reply.get(HEADER_BYTES + 2) == TCP_LISTEN;
    long peer = -1;
    long file = 0;
    int backlog = 0;
    int shutdown = 0;
    int length;
    for (int at = HEADER_BYTES + REPLY_BYTES;
        at + 4 <= reply.limit();
        at += Math.max(4, (length + 3) & ~3)) {
      length = reply.getShort(at);
      switch (reply.getShort(at + 2)) {
        case ATTRIBUTE_VFS -> file = Integer.toUnsignedLong(reply.getInt(at + 4));
        case ATTRIBUTE_PEER -> peer = Integer.toUnsignedLong(reply.getInt(at + 4));
        case ATTRIBUTE_RQLEN -> backlog = reply.getInt(at + 8);
        case ATTRIBUTE_SHUTDOWN -> shutdown = reply.get(at + 4);
        default -> { // SOCK_DIAG_MEMINFO and newer ones
        }
      }
    }
    return new UnixDiag(listens, peer, backlog, shutdown, file);
  }
}
