package dev.thaw.linux;

import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.List;

/** What is in a pipe, seen with tee(2), which takes nothing out of it. */
public final class PipeContent {
  private static final long NR_READ = 0;
  private static final long NR_TEE = 276;
  private static final long NR_PIPE2 = 293;
  private static final long O_CLOEXEC_NONBLOCK = 0x80000 | Open.O_NONBLOCK;
  private static final long SPLICE_F_NONBLOCK = 2;
  private static final long F_SETPIPE_SZ = 1031;
  private static final long F_GETPIPE_SZ = 1032;

  /** A packet is at most PIPE_BUF bytes: pipe(2). */
  private static final int PACKET_BYTES = 4096;

  private PipeContent() {}

  /** F_GETPIPE_SZ. */
  public static int capacityBytes(Fd end) throws SyscallException {
    return (int) Fcntl.call(end, "F_GETPIPE_SZ", F_GETPIPE_SZ, 0);
  }

  /**
   * The content.
   *
   * @param readEnd open for reading
   * @param packets whether to keep the boundaries of packets
   * @return one piece, one per packet, or nothing
   */
  public static List<byte[]> peek(Fd readEnd, boolean packets) throws SyscallException {
    int capacity = capacityBytes(readEnd);
    try (Scratch numbers = Scratch.of(8)) {
      if (LibC.syscall(NR_PIPE2, Pointer.nativeValue(numbers), O_CLOEXEC_NONBLOCK, 0, 0, 0, 0)
          < 0) {
        throw new SyscallException("pipe2()", LibC.errno());
      }
      try (Fd in = new Fd(numbers.getInt(0));
          Fd out = new Fd(numbers.getInt(4))) {
        Fcntl.call(out, "F_SETPIPE_SZ", F_SETPIPE_SZ, capacity);
        long copied =
            LibC.syscall(NR_TEE, readEnd.number(), out.number(), capacity, SPLICE_F_NONBLOCK, 0, 0);
        if (copied < 0 && LibC.errno() != Errno.EAGAIN.code()) {
          throw new SyscallException("tee(" + readEnd.number() + ")", LibC.errno());
        }
        return copied <= 0 ? List.of() : drain(in, copied, packets);
      }
    }
  }

  private static List<byte[]> drain(Fd in, long bytes, boolean packets) throws SyscallException {
    List<byte[]> pieces = new ArrayList<>();
    try (Scratch buffer = Scratch.of(packets ? PACKET_BYTES : bytes)) {
      for (long left = bytes; left > 0; ) {
        long read =
            LibC.syscall(NR_READ, in.number(), Pointer.nativeValue(buffer), buffer.size(), 0, 0, 0);
        if (read <= 0) {
          throw new SyscallException("read(" + in.number() + ")", LibC.errno());
        }
        pieces.add(buffer.getByteArray(0, (int) read));
        left -= read;
      }
    }
    return pieces;
  }
}
