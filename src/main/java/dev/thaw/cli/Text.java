package dev.thaw.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Quantities in words. */
final class Text {
  private static final int PAGE_BYTES = 4096;

  private Text() {}

  static String tree(int processes, int threads) {
    return count(processes, "process", "processes")
        + " with "
        + count(threads, "thread", "threads");
  }

  static String pages(long count) {
    return count(count, "page", "pages");
  }

  static String pagesAsBytes(long count) {
    return count == 0 ? "-" : bytes(count * PAGE_BYTES);
  }

  static String count(long count, String one, String many) {
    return String.format(Locale.ROOT, "%,d %s", count, count == 1 ? one : many);
  }

  static String millis(Duration duration) {
    return duration.toMillis() + " ms";
  }

  /** Each stage with its time, in their order. */
  static String stages(Map<String, Duration> stages) {
    return stages.entrySet().stream()
        .map(stage -> stage.getKey() + " " + nanos(stage.getValue().toNanos()))
        .collect(Collectors.joining(", "));
  }

  /** {@code 1536} is {@code "1.54 us"}; three digits that count. */
  static String nanos(long nanos) {
    if (nanos < 1000) {
      return nanos + " ns";
    }
    double value = nanos;
    int unit = 0;
    while (value >= 999.5 && unit < 3) {
      value /= 1000;
      unit++;
    }
    String pattern = value < 9.995 ? "%.2f %s" : value < 99.95 ? "%.1f %s" : "%.0f %s";
    return String.format(Locale.ROOT, pattern, value, new String[] {"ns", "us", "ms", "s"}[unit]);
  }

  /** {@code 1536} is {@code "1.5 KiB"}. */
  static String bytes(long bytes) {
    if (bytes < 1024) {
      return bytes + " B";
    }
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < 4) {
      value /= 1024;
      unit++;
    }
    String pattern = value < 10 ? "%.1f %s" : "%.0f %s";
    return String.format(
        Locale.ROOT, pattern, value, new String[] {"", "KiB", "MiB", "GiB", "TiB"}[unit]);
  }
}
