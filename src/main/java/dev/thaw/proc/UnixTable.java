package dev.thaw.proc;

import java.util.ArrayList;
import java.util.List;

/** /proc/PID/net/unix: unix_seq_show() in net/unix/af_unix.c. */
public final class UnixTable {
  /** __SO_ACCEPTCON: it listens. */
  private static final int SO_ACCEPTCON = 0x10000;

  private static final int FLAGS = 3;
  private static final int INODE = 6;
  private static final int NAME = 7;

  private UnixTable() {}

  /**
   * One socket.
   *
   * @param name the path, or an abstract name with {@code @} for each zero byte
   */
  public record Line(boolean listens, long inode, String name) {}

  /** All sockets that have a name. */
  public static List<Line> parse(String text) {
    List<Line> lines = new ArrayList<>();
    for (String line : text.lines().skip(1).toList()) {
      String[] words = line.strip().split("\\s+", NAME + 1);
      if (words.length > NAME) {
        int flags = Integer.parseUnsignedInt(words[FLAGS], 16);
        lines.add(new Line((flags & SO_ACCEPTCON) != 0, Long.parseLong(words[INODE]), words[NAME]));
      }
    }
    return lines;
  }
}
