package dev.thaw.proc;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One line of an inotify's fdinfo.
 *
 * @param descriptor what inotify_add_watch(2) returned
 * @param major of the file system's device
 * @param minor likewise
 * @param mask unsigned 32 bits
 * @param handle for open_by_handle_at(2)
 */
public record InotifyInfo(
    int descriptor, long inode, int major, int minor, long mask, int handleType, byte[] handle) {
  private static final Pattern LINE =
      Pattern.compile(
          "(\\p{XDigit}+) ino:(\\p{XDigit}+) sdev:(\\p{XDigit}+) mask:(\\p{XDigit}+)"
              + " ignored_mask:\\p{XDigit}+ fhandle-bytes:\\p{XDigit}+"
              + " fhandle-type:(\\p{XDigit}+) f_handle:(\\p{XDigit}+)\\s*");

  /** A kernel-internal dev_t: MKDEV of linux/kdev_t.h. */
  private static final int MINOR_BITS = 20;

  /**
   * Parses the values of {@code inotify}, newline separated.
   *
   * @param lines null if there is none
   */
  public static List<InotifyInfo> parse(String lines) {
    List<InotifyInfo> watches = new ArrayList<>();
    if (lines == null) {
      return watches;
    }
    for (String line : lines.split("\n")) {
      Matcher m = LINE.matcher(line);
      if (!m.matches()) {
        throw new IllegalArgumentException("inotify line of another form: " + line);
      }
      long device = Long.parseLong(m.group(3), 16);
      watches.add(
          new InotifyInfo(
              Integer.parseInt(m.group(1), 16),
              Long.parseLong(m.group(2), 16),
              (int) (device >> MINOR_BITS),
              (int) (device & ((1 << MINOR_BITS) - 1)),
              Long.parseLong(m.group(4), 16),
              Integer.parseInt(m.group(5), 16),
              HexFormat.of().parseHex(m.group(6))));
    }
    return watches;
  }
}
