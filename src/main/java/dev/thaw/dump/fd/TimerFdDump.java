package dev.thaw.dump.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.file.TimerFd;
import dev.thaw.linux.Clock;
import dev.thaw.linux.Fd;
import dev.thaw.linux.TimerFds;
import dev.thaw.proc.TimerFdInfo;
import java.io.IOException;

/**
 * {@link TimerFd}: fdinfo tells all of it; absolute timers keep their moment. A periodic timer
 * counts the ticks that nobody has read only when it is asked, so it is asked first.
 */
public final class TimerFdDump implements FileDump {
  private static final int TFD_TIMER_ABSTIME = 1;

  @Override
  public boolean claims(OpenedFile file) {
    return file.link().equals("anon_inode:[timerfd]");
  }

  @Override
  public OpenFile dump(int id, OpenedFile file, OpenedFiles tree) throws IOException {
    try (Fd own = file.take()) {
      TimerFds.countTicks(own);
    }
    TimerFdInfo info = TimerFdInfo.parse(OpenedFile.of(file.proc(), file.number()).fdinfo());
    return new TimerFd(
        id,
        file.flags(),
        info.clock(),
        info.ticks(),
        info.setFlags(),
        value(info),
        info.intervalNanos());
  }

  private static long value(TimerFdInfo info) throws IOException {
    boolean absolute = (info.setFlags() & TFD_TIMER_ABSTIME) != 0;
    if (info.valueNanos() != 0) {
      // The time left is as of the read of fdinfo, moments ago; this errs to the late side.
      return absolute ? Clock.nanos(info.clock()) + info.valueNanos() : info.valueNanos();
    }
    // A periodic timer that has expired rests until it is read (fs/timerfd.c): due at once.
    return info.ticks() > 0 && info.intervalNanos() > 0 ? 1 : 0;
  }
}
