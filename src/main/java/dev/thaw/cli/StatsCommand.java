package dev.thaw.cli;

import dev.thaw.TreeStats;
import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code thaw stats}. */
@Command(
    name = "stats",
    description = "Shows how the memory of a restored process has come back so far.")
final class StatsCommand implements Callable<Integer> {
  @Parameters(paramLabel = "PID", description = "A process of a restored tree.")
  int pid;

  @Option(names = "--json", description = "Print JSON.")
  boolean json;

  @Mixin CommonOptions common;

  @Override
  public Integer call() throws Exception {
    TreeStats stats = TreeStats.of(pid);
    if (json) {
      System.out.println(JsonText.of(stats));
    } else {
      print(stats, System.out);
    }
    return ExitCode.OK;
  }

  static void print(TreeStats stats, PrintStream out) {
    line(out, "pages in the checkpoint", stats.checkpointPages(), stats);
    line(out, "  installed on demand", stats.onDemand(), stats);
    line(out, "  installed ahead of demand", stats.ahead(), stats);
    line(out, "  not installed so far", stats.never(), stats);
    line(out, "read from the checkpoint so far", stats.filledPages(), stats);
    out.printf(
        Locale.ROOT,
        "%,d faults answered, %,d of them had to wait for the checkpoint to be read%n",
        stats.faults(),
        stats.waits());
    if (stats.poisoned() > 0) {
      out.printf(
          Locale.ROOT, "%,d pages could not be supplied: SIGBUS where touched%n", stats.poisoned());
    }
  }

  private static void line(PrintStream out, String what, long pages, TreeStats stats) {
    double percent = 100.0 * pages / Math.max(1, stats.checkpointPages());
    out.printf(
        Locale.ROOT, "%-32s %,12d  %9s %5.1f %%%n", what, pages, Text.pagesAsBytes(pages), percent);
  }
}
