package dev.thaw.image.file;

import dev.thaw.image.OpenFile;

/**
 * A timerfd.
 *
 * @param clock CLOCK_*
 * @param ticks expirations that have not been read
 * @param setFlags of timerfd_settime(2)
 * @param valueNanos time left, or with TFD_TIMER_ABSTIME the moment on its clock; 0 when disarmed
 */
public record TimerFd(
    int id, int flags, int clock, long ticks, int setFlags, long valueNanos, long intervalNanos)
    implements OpenFile {
  /** Validates. */
  public TimerFd {
    if (valueNanos < 0 || intervalNanos < 0) {
      throw new IllegalArgumentException("timerfd with a negative time");
    }
  }

  @Override
  public String describe() {
    return "timerfd";
  }
}
