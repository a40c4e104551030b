package dev.thaw.dump;

import dev.thaw.image.ProcessImage.IntervalTimer;
import dev.thaw.image.ProcessImage.PosixTimer;
import dev.thaw.image.SignalInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Timers run on while a process is stopped. One that expires between the look at the pending
 * signals and the question for the time that is left is found disarmed, without its signal; this
 * puts the signal back, and arms a periodic timer again.
 *
 * @param pending signals of the process, those of such timers included
 * @param realTimer ITIMER_REAL, armed again where its signal is still to be taken
 */
record ExpiredTimers(List<SignalInfo> pending, IntervalTimer realTimer) {
  private static final int SIGALRM = 14;
  private static final int SI_KERNEL = 0x80;
  private static final int SI_TIMER = -2;
  private static final int SIGINFO_BYTES = 128;

  /** Neither SIGEV_NONE nor SIGEV_THREAD_ID: the signal is pending for the process. */
  private static final int SIGEV_SIGNAL = 0;

  /**
   * Puts together what was seen.
   *
   * @param before signals pending for the process before it was asked
   * @param afterMask signals pending for it afterwards, a bit each, as /proc/PID/status has them
   */
  static ExpiredTimers of(
      List<SignalInfo> before, long afterMask, IntervalTimer realTimer, List<PosixTimer> timers) {
    List<SignalInfo> pending = new ArrayList<>(before);
    IntervalTimer alarm = realTimer;
    if (realTimer.valueNanos() == 0) {
      boolean isNew = arrived(SIGALRM, before, afterMask);
      if (isNew) {
        pending.add(info(SIGALRM, SI_KERNEL, 0, 0));
      }
      // The kernel arms it again when the signal is taken: dequeue_signal() in kernel/signal.c.
      if (isNew || isPending(SIGALRM, before)) {
        alarm = new IntervalTimer(realTimer.intervalNanos(), realTimer.intervalNanos());
      }
    }
    for (PosixTimer timer : timers) {
      boolean expired = timer.valueNanos() == 0 && timer.notification() == SIGEV_SIGNAL;
      if (expired && arrived(timer.signal(), before, afterMask)) {
        pending.add(info(timer.signal(), SI_TIMER, timer.id(), timer.signalValue().value()));
      }
    }
    return new ExpiredTimers(List.copyOf(pending), alarm);
  }

  private static boolean arrived(int signal, List<SignalInfo> before, long afterMask) {
    return (afterMask >>> (signal - 1) & 1) != 0 && !isPending(signal, before);
  }

  private static boolean isPending(int signal, List<SignalInfo> signals) {
    return signals.stream().anyMatch(s -> s.signal() == signal);
  }

  /** siginfo_t: si_signo, si_errno, si_code, then si_tid, si_overrun, si_value of a timer. */
  private static SignalInfo info(int signal, int code, int timer, long value) {
    byte[] bytes = new byte[SIGINFO_BYTES];
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(0, signal)
        .putInt(8, code)
        .putInt(16, timer)
        .putLong(24, value);
    return new SignalInfo(signal, bytes);
  }
}
