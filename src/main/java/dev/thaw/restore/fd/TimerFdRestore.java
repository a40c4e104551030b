package dev.thaw.restore.fd;

import dev.thaw.image.file.TimerFd;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;

/**
 * {@link TimerFd}: armed with the time that was left, or for the same moment. Unread ticks are set
 * last, over those of a timer that is due at once.
 */
public final class TimerFdRestore implements FileRestore<TimerFd> {
  private static final int O_NONBLOCK = 04000;
  private static final long NANOS = 1_000_000_000L;

  /** _IOW('T', 0, __u64): fs/timerfd.c, with CONFIG_CHECKPOINT_RESTORE. */
  private static final long TFD_IOC_SET_TICKS = 0x40085400L;

  @Override
  public void plan(TimerFd file, FilePlan plan) {
    plan.place(
        Phase.CREATE,
        plan.in(Phase.CREATE)
            .call(Syscalls.TIMERFD_CREATE, file.clock(), file.flags() & O_NONBLOCK));
    if (file.valueNanos() != 0 || file.intervalNanos() != 0) {
      Program.Builder b = plan.in(Phase.FILL);
      byte[] time =
          Words.of(
              file.intervalNanos() / NANOS,
              file.intervalNanos() % NANOS,
              file.valueNanos() / NANOS,
              file.valueNanos() % NANOS);
      b.call(Syscalls.TIMERFD_SETTIME, plan.number(), file.setFlags(), b.data(time), 0);
    }
    if (file.ticks() != 0) {
      Program.Builder b = plan.in(Phase.FINISH);
      b.call(Syscalls.IOCTL, plan.number(), TFD_IOC_SET_TICKS, b.data(Words.of(file.ticks())));
    }
  }
}
