package dev.thaw.proc;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What fdinfo shows of a timerfd.
 *
 * @param clock CLOCK_*
 * @param ticks expirations that have not been read
 * @param setFlags of the last timerfd_settime(2)
 * @param valueNanos time left, even of an absolute timer
 */
public record TimerFdInfo(
    int clock, long ticks, int setFlags, long valueNanos, long intervalNanos) {
  private static final Pattern TIME = Pattern.compile("\\((\\d+), (\\d+)\\)");
  private static final long NANOS = 1_000_000_000L;

  /**
   * Parses.
   *
   * @throws IllegalArgumentException if a line is missing or of another form
   */
  public static TimerFdInfo parse(Map<String, String> fdinfo) {
    return new TimerFdInfo(
        Integer.parseInt(line(fdinfo, "clockid")),
        Long.parseLong(line(fdinfo, "ticks")),
        Integer.parseInt(line(fdinfo, "settime flags"), 8),
        nanos(line(fdinfo, "it_value")),
        nanos(line(fdinfo, "it_interval")));
  }

  private static String line(Map<String, String> fdinfo, String name) {
    String value = fdinfo.get(name);
    if (value == null) {
      throw new IllegalArgumentException("fdinfo without " + name);
    }
    return value;
  }

  private static long nanos(String pair) {
    Matcher m = TIME.matcher(pair);
    if (!m.matches()) {
      throw new IllegalArgumentException("not a time: " + pair);
    }
    return Long.parseLong(m.group(1)) * NANOS + Long.parseLong(m.group(2));
  }
}
