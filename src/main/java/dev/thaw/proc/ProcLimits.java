package dev.thaw.proc;

import java.util.ArrayList;
import java.util.List;

/** /proc/PID/limits: the resource limits, in the order of RLIMIT_* numbers. */
public final class ProcLimits {
  private static final int SOFT_COLUMN = 26;

  private ProcLimits() {}

  /** Soft and hard limit; -1 for unlimited. */
  public record Limit(int resource, long soft, long hard) {}

  /** Parses the whole file. The kernel prints the 16 limits in numeric order (fs/proc/base.c). */
  public static List<Limit> parse(String text) {
    List<Limit> limits = new ArrayList<>();
    String[] lines = text.split("\n");
    for (int i = 1; i < lines.length; i++) {
      String[] words = lines[i].substring(SOFT_COLUMN).trim().split("\\s+");
      limits.add(new Limit(i - 1, value(words[0]), value(words[1])));
    }
    return limits;
  }

  private static long value(String word) {
    return word.equals("unlimited") ? -1 : Long.parseUnsignedLong(word);
  }
}
