package dev.thaw.cli;

import dev.thaw.image.stats.FaultCounts;
import dev.thaw.image.stats.FaultLatency;
import dev.thaw.image.stats.TreeStats;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** {@code thaw stats} for people: a page of text, or a line for each interval. */
final class StatsText {
  private static final int BAR = 40;
  private static final String UP_AND_CLEAR = "\033[%dA\033[J";
  private static final int LINES_PER_HEADING = 20;

  private final boolean terminal;
  private TreeStats last;
  private int drawnLines;
  private int printed;

  /**
   * What shows the stats of one tree, again and again.
   *
   * @param terminal the output understands ANSI sequences
   */
  StatsText(boolean terminal) {
    this.terminal = terminal;
  }

  /** What to print in order to show {@code stats} in the place of what was shown before. */
  String again(TreeStats stats) {
    StringBuilder out = new StringBuilder();
    if (terminal) {
      if (drawnLines > 0) {
        out.append(String.format(UP_AND_CLEAR, drawnLines));
      }
      List<String> page = page(stats);
      page.forEach(line -> out.append(line).append('\n'));
      drawnLines = page.size();
    } else {
      if (printed++ % LINES_PER_HEADING == 0) {
        out.append(heading()).append('\n');
      }
      out.append(line(stats)).append('\n');
    }
    last = stats;
    return out.toString();
  }

  private static String heading() {
    return String.format(
        "%-24s %10s %10s %10s %10s %10s %6s %9s %9s",
        "time", "faults", "demand", "ahead", "zero", "filled", "queue", "p50", "p99");
  }

  /** What happened since the line before; the fill queue and the percentiles are of all so far. */
  private String line(TreeStats stats) {
    FaultCounts now = stats.total().counts();
    FaultCounts then =
        last == null ? new FaultCounts(0, 0, 0, 0, 0, 0, 0, 0, 0) : last.total().counts();
    FaultLatency all = stats.total().all();
    return String.format(
        Locale.ROOT,
        "%-24s %10d %10d %10d %10d %10d %6d %9s %9s",
        stats.taken(),
        now.faults() - then.faults(),
        now.onDemand() - then.onDemand(),
        now.ahead() - then.ahead(),
        now.zero() - then.zero(),
        stats.filledPages() - (last == null ? 0 : last.filledPages()),
        stats.fillQueue(),
        Text.nanos(all.p50Nanos()),
        Text.nanos(all.p99Nanos()));
  }

  /** All of it. */
  List<String> page(TreeStats stats) {
    List<String> out = new ArrayList<>();
    FaultCounts counts = stats.total().counts();
    pages(out, "pages in the checkpoint", stats.checkpointPages(), stats);
    pages(out, "  read from it so far", stats.filledPages(), stats);
    pages(out, "  installed before the start", counts.prefaulted(), stats);
    pages(out, "  installed on demand", counts.onDemand(), stats);
    pages(out, "  installed ahead of demand", counts.ahead(), stats);
    pages(out, "  not installed so far", stats.never(), stats);
    out.add(
        String.format(
            Locale.ROOT,
            "besides: %,d of zeros; %,d copied; %,d could not be supplied%s",
            counts.zero(),
            counts.copied(),
            counts.poisoned(),
            counts.poisoned() > 0 ? " (SIGBUS where touched)" : ""));
    out.add(
        String.format(
            Locale.ROOT,
            "%,d faults, %,d events (fork, mremap, munmap, madvise); %s wait to be read%s",
            counts.faults(),
            counts.events(),
            Text.pages(stats.fillQueue()),
            stats.retired() ? "; every process has its memory, no pager is left" : ""));
    out.add("");
    latencies(out, stats.total().latency());
    histogram(out, stats.total().all());
    return out;
  }

  private static void pages(List<String> out, String what, long pages, TreeStats stats) {
    double percent = 100.0 * pages / Math.max(1, stats.checkpointPages());
    out.add(
        String.format(
            Locale.ROOT,
            "%-32s %,12d  %9s %5.1f %%",
            what,
            pages,
            Text.pagesAsBytes(pages),
            percent));
  }

  private static void latencies(List<String> out, List<FaultLatency> latencies) {
    out.add(
        String.format(
            "%-10s %12s %9s %9s %9s %9s %9s",
            "faults", "answered", "p50", "p90", "p99", "p99.9", "max"));
    for (FaultLatency l : latencies) {
      if (l.count() > 0 || l.kind().equals(FaultLatency.ALL)) {
        out.add(
            String.format(
                Locale.ROOT,
                "  %-8s %,12d %9s %9s %9s %9s %9s",
                l.kind().equals(FaultLatency.NO_PAGE) ? "no page" : l.kind(),
                l.count(),
                Text.nanos(l.p50Nanos()),
                Text.nanos(l.p90Nanos()),
                Text.nanos(l.p99Nanos()),
                Text.nanos(l.p999Nanos()),
                Text.nanos(l.maxNanos())));
      }
    }
  }

  /** A bar for each power of two, from the first to the last that has a fault. */
  private static void histogram(List<String> out, FaultLatency latency) {
    if (latency.count() == 0) {
      return;
    }
    long[] octaves = new long[Long.SIZE];
    long most = 0;
    int first = Long.SIZE;
    int end = 0;
    for (FaultLatency.Bucket bucket : latency.buckets()) {
      int octave = Long.SIZE - Long.numberOfLeadingZeros(bucket.fromNanos());
      octaves[octave] += bucket.count();
      most = Math.max(most, octaves[octave]);
      first = Math.min(first, octave);
      end = octave + 1;
    }
    out.add("");
    for (int octave = first; octave < end; octave++) {
      int width = (int) ((octaves[octave] * BAR + most - 1) / most);
      String line =
          String.format(
              Locale.ROOT,
              "  below %8s %,12d %s",
              Text.nanos(1L << octave),
              octaves[octave],
              "#".repeat(width));
      out.add(line.stripTrailing());
    }
  }
}
