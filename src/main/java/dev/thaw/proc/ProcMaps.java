package dev.thaw.proc;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The lines of /proc/PID/maps, see proc_pid_maps(5). */
public final class ProcMaps {
  private static final Pattern LINE =
      Pattern.compile("([0-9a-f]+)-([0-9a-f]+) \\S+ ([0-9a-f]+) \\S+ (\\d+).*");

  private ProcMaps() {}

  /**
   * One mapping.
   *
   * @param range its name in /proc/PID/map_files
   * @param offset in the mapped file, in bytes
   * @param inode of the mapped file, or 0
   */
  public record Line(String range, long start, long end, long offset, long inode) {}

  /** Parses the whole text. */
  public static List<Line> parse(String text) {
    return text.lines().map(ProcMaps::line).toList();
  }

  private static Line line(String text) {
    Matcher m = LINE.matcher(text);
    if (!m.matches()) {
      throw new IllegalArgumentException("not a line of maps: " + text);
    }
    return new Line(
        m.group(1) + "-" + m.group(2),
        Long.parseUnsignedLong(m.group(1), 16),
        Long.parseUnsignedLong(m.group(2), 16),
        Long.parseUnsignedLong(m.group(3), 16),
        Long.parseLong(m.group(4)));
  }
}
