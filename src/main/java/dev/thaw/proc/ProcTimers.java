package dev.thaw.proc;

import java.util.ArrayList;
import java.util.List;

/** /proc/PID/timers: the timers of timer_create(2). */
public final class ProcTimers {
  private ProcTimers() {}

  /**
   * One timer.
   *
   * @param notification SIGEV_SIGNAL 0, SIGEV_NONE 1, SIGEV_THREAD 2, with SIGEV_THREAD_ID 4 added
   * @param target pid, or tid for SIGEV_THREAD_ID
   */
  public record Timer(
      int id, int signal, long signalValue, int notification, int target, int clock) {}

  /** Parses the whole file. */
  public static List<Timer> parse(String text) {
    List<Timer> timers = new ArrayList<>();
    int id = 0;
    int signal = 0;
    long value = 0;
    int notification = 0;
    int target = 0;
    for (String line : text.split("\n")) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        continue;
      }
      String word = line.substring(colon + 1).strip();
      switch (line.substring(0, colon)) {
        case "ID" -> id = Integer.parseInt(word);
        case "signal" -> {
          int slash = word.indexOf('/');
          signal = Integer.parseInt(word.substring(0, slash));
          value = Long.parseUnsignedLong(word.substring(slash + 1).replace("0x", ""), 16);
        }
        case "notify" -> {
          // e.g. "signal/pid.4711", "none/tid.4712" (fs/proc/base.c, show_timer)
          String kind = word.substring(0, word.indexOf('/'));
          notification = kind.equals("signal") ? 0 : kind.equals("none") ? 1 : 2;
          notification |= word.contains("/tid.") ? 4 : 0;
          target = Integer.parseInt(word.substring(word.indexOf('.') + 1));
        }
        case "ClockID" ->
            timers.add(new Timer(id, signal, value, notification, target, Integer.parseInt(word)));
        default -> {}
      }
    }
    return timers;
  }
}
