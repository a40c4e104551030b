package dev.thaw.linux;

import com.sun.jna.Pointer;
import java.io.OutputStream;

/** Writes to a descriptor, be it a file, a terminal, a pipe or a socket. Owns it. */
public final class FdOutput extends OutputStream {
  private static final long NR_WRITE = 1;
  private static final long NR_POLL = 7;
  private static final int POLLOUT = 4;
  private static final int FOREVER = -1;

  private final Fd fd;

  /** Takes ownership of {@code fd}. */
  public FdOutput(Fd fd) {
    this.fd = fd;
  }

  @Override
  public void write(int b) throws SyscallException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws SyscallException {
    if (length == 0) {
      return;
    }
    try (Scratch memory = Scratch.of(length)) {
      memory.write(0, bytes, offset, length);
      int done = 0;
      while (done < length) {
        long n =
            LibC.syscall(
                NR_WRITE, fd.number(), Pointer.nativeValue(memory) + done, length - done, 0, 0, 0);
        if (n >= 0) {
          done += (int) n;
        } else if (Errno.of(LibC.errno()) == Errno.EAGAIN) {
          awaitRoom();
        } else if (Errno.of(LibC.errno()) != Errno.EINTR) {
          throw new SyscallException(
              "write(" + fd.number() + ", ..., " + (length - done) + ")", LibC.errno());
        }
      }
    }
  }

  /** The other holders of the description may have made it non-blocking. */
  private void awaitRoom() {
    try (Scratch poll = Scratch.of(8)) {
      poll.setInt(0, fd.number());
      poll.setInt(4, POLLOUT);
      LibC.syscall(NR_POLL, Pointer.nativeValue(poll), 1, FOREVER, 0, 0, 0);
    }
  }

  @Override
  public void close() {
    fd.close();
  }
}
