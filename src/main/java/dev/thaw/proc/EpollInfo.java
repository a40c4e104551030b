package dev.thaw.proc;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One line of an epoll's fdinfo.
 *
 * @param number the descriptor number that epoll_ctl(2) was given
 * @param events unsigned 32 bits
 * @param data of struct epoll_event
 */
public record EpollInfo(int number, long events, long data) {
  private static final Pattern LINE =
      Pattern.compile("\\s*(\\d+) events:\\s*(\\p{XDigit}+) data:\\s*(\\p{XDigit}+)\\s.*");

  /**
   * Parses the values of {@code tfd}, newline separated.
   *
   * @param tfd null if there is none
   */
  public static List<EpollInfo> parse(String tfd) {
    List<EpollInfo> watched = new ArrayList<>();
    if (tfd == null) {
      return watched;
    }
    for (String line : tfd.split("\n")) {
      Matcher m = LINE.matcher(line);
      if (!m.matches()) {
        throw new IllegalArgumentException("epoll line of another form: " + line);
      }
      watched.add(
          new EpollInfo(
              Integer.parseInt(m.group(1)),
              Long.parseLong(m.group(2), 16),
              Long.parseUnsignedLong(m.group(3), 16)));
    }
    return watched;
  }
}
