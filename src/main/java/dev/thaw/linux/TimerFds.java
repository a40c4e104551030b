package dev.thaw.linux;

import com.sun.jna.Pointer;

/** Timers of timerfd_create(2). */
public final class TimerFds {
  private static final long NR_TIMERFD_GETTIME = 287;

  /** struct itimerspec. */
  private static final int ITIMERSPEC_BYTES = 32;

  private TimerFds() {}

  /**
   * Lets the kernel count what has expired since the first unread tick: timerfd_gettime(2) does, as
   * read(2) does (do_timerfd_gettime() in fs/timerfd.c). The owner cannot tell.
   */
  public static void countTicks(Fd timer) throws SyscallException {
    try (Scratch value = Scratch.of(ITIMERSPEC_BYTES)) {
      if (LibC.syscall(NR_TIMERFD_GETTIME, timer.number(), Pointer.nativeValue(value), 0, 0, 0, 0)
          < 0) {
        throw new SyscallException("timerfd_gettime(" + timer.number() + ")", LibC.errno());
      }
    }
  }
}
