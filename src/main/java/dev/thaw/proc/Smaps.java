package dev.thaw.proc;

import java.util.ArrayList;
import java.util.List;

/** /proc/PID/smaps (proc_pid_smaps(5)): the VMAs with their VmFlags. */
public final class Smaps {
  private Smaps() {}

  /**
   * One VMA as printed.
   *
   * @param end exclusive
   * @param permissions e.g. {@code rw-p}
   * @param device {@code major:minor}, hex
   * @param path as printed, octal escapes decoded, {@code " (deleted)"} still behind it
   * @param flags two letters each
   */
  public record Entry(
      long start,
      long end,
      String permissions,
      long offset,
      String device,
      long inode,
      String path,
      List<String> flags) {
    /** {@code PROT_*} bits. */
    public int prot() {
      return (permissions.charAt(0) == 'r' ? 1 : 0)
          | (permissions.charAt(1) == 'w' ? 2 : 0)
          | (permissions.charAt(2) == 'x' ? 4 : 0);
    }

    /** MAP_SHARED. */
    public boolean shared() {
      return permissions.charAt(3) == 's';
    }

    /** Whether VmFlags has the two letters. */
    public boolean has(String flag) {
      return flags.contains(flag);
    }

    /** The path ends in {@code " (deleted)"}. */
    public boolean deleted() {
      return path.endsWith(" (deleted)");
    }

    /** The path without {@code " (deleted)"}. */
    public String plainPath() {
      return deleted() ? path.substring(0, path.length() - " (deleted)".length()) : path;
    }

    /** The range as in maps. */
    public String range() {
      return Long.toHexString(start) + "-" + Long.toHexString(end);
    }
  }

  /** Parses the whole file. */
  public static List<Entry> parse(String text) {
    List<Entry> entries = new ArrayList<>();
    Entry head = null;
    for (String line : text.split("\n")) {
      if (isHead(line)) {
        if (head != null) {
          entries.add(head);
        }
        head = head(line);
      } else if (line.startsWith("VmFlags:") && head != null) {
        List<String> flags = List.of(line.substring(8).trim().split("\\s+"));
        entries.add(
            new Entry(
                head.start,
                head.end,
                head.permissions,
                head.offset,
                head.device,
                head.inode,
                head.path,
                flags));
        head = null;
      }
    }
    if (head != null) {
      entries.add(head);
    }
    return entries;
  }

  private static boolean isHead(String line) {
    int dash = line.indexOf('-');
    if (dash < 1) {
      return false;
    }
    for (int i = 0; i < dash; i++) {
      if (Character.digit(line.charAt(i), 16) < 0) {
        return false;
      }
    }
    return true;
  }

  private static Entry head(String line) {
    String[] word = line.split("\\s+", 6);
    int dash = word[0].indexOf('-');
    return new Entry(
        Long.parseUnsignedLong(word[0].substring(0, dash), 16),
        Long.parseUnsignedLong(word[0].substring(dash + 1), 16),
        word[1],
        Long.parseUnsignedLong(word[2], 16),
        word[3],
        Long.parseLong(word[4]),
        word.length > 5 ? ProcText.unescape(word[5]) : "",
        List.of());
  }
}
