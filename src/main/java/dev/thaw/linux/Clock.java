package dev.thaw.linux;

import com.sun.jna.Pointer;

/** clock_gettime(2). */
public final class Clock {
  public static final int CLOCK_MONOTONIC = 1;
  private static final long NR_CLOCK_GETTIME = 228;

  private Clock() {}

  /** The time of {@code clock} in nanoseconds. */
  public static long nanos(int clock) throws SyscallException {
    try (Scratch time = Scratch.of(16)) {
      if (LibC.syscall(NR_CLOCK_GETTIME, clock, Pointer.nativeValue(time), 0, 0, 0, 0) < 0) {
        throw new SyscallException("clock_gettime(" + clock + ")", LibC.errno());
      }
      return time.getLong(0) * 1_000_000_000L + time.getLong(8);
    }
  }
}
