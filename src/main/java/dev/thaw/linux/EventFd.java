package dev.thaw.linux;

import com.sun.jna.Pointer;

/** eventfd(2), used as a doorbell. */
public final class EventFd extends Fd {
  private static final long NR_READ = 0;
  private static final long NR_WRITE = 1;
  private static final long NR_POLL = 7;
  private static final short POLLIN = 1;

  private EventFd(int number) {
    super(number);
  }

  /** Takes ownership of a descriptor that is one. */
  public static EventFd of(Fd fd) {
    return new EventFd(fd.release());
  }

  /** Rings. A bell that nobody has answered stays rung. */
  public void ring() {
    try (Scratch one = Scratch.of(8)) {
      one.setLong(0, 1);
      LibC.syscall(NR_WRITE, number(), Pointer.nativeValue(one), 8, 0, 0, 0);
    }
  }

  /** Waits for a ring at most so long, and takes it. Returns whether there was one. */
  public boolean await(int timeoutMillis) {
    try (Scratch poll = Scratch.of(8);
        Scratch value = Scratch.of(8)) {
      poll.setInt(0, number());
      poll.setShort(4, POLLIN);
      poll.setShort(6, (short) 0);
      if (LibC.syscall(NR_POLL, Pointer.nativeValue(poll), 1, timeoutMillis, 0, 0, 0) <= 0) {
        return false;
      }
      return LibC.syscall(NR_READ, number(), Pointer.nativeValue(value), 8, 0, 0, 0) == 8;
    }
  }
}
