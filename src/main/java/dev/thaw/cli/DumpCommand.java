package dev.thaw.cli;

import dev.thaw.Checkpoint;
import dev.thaw.DumpOptions;
import dev.thaw.DumpReport;
import java.nio.file.Path;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code thaw dump}. */
@Command(
    name = "dump",
    description = "Writes a checkpoint of a process and its children, then ends them.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:done", "1:failed; the tree runs on as it was"},
    footer = "%nCodes above 1: see thaw --help.")
final class DumpCommand extends ThawCommand {
  @Option(
      names = {"-t", "--tree"},
      required = true,
      paramLabel = "PID",
      description = "The process to dump, with all below it.")
  int pid;

  @Option(
      names = {"-D", "--images-dir"},
      required = true,
      paramLabel = "DIR",
      description = "The checkpoint to make; must not exist yet, or be empty.")
  Path directory;

  @Option(
      names = {"-R", "--leave-running"},
      description = "Leave the tree running after the dump.")
  boolean leaveRunning;

  @Option(
      names = "--tcp-close",
      description = "Dump established TCP connections as closed, instead of refusing them.")
  boolean tcpClose;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "10",
      description = "Give up if the tree has not stopped by then (default: ${DEFAULT-VALUE}).")
  int timeoutSeconds;

  @Spec CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    requirePositive("--tree", pid);
    requirePositive("--timeout", timeoutSeconds);
    DumpReport report;
    try (ProgressBar bar = ProgressBar.onTerminal(caller)) {
      report =
          Checkpoint.dump(
              new DumpOptions(
                  pid,
                  path(directory),
                  leaveRunning,
                  tcpClose,
                  Duration.ofSeconds(timeoutSeconds),
                  caller.pid(),
                  bar::update));
    }
    if (common.verbose) {
      out().println(describe(report));
    }
    return ExitCode.OK;
  }

  private void requirePositive(String option, int value) {
    if (value < 1) {
      throw new ParameterException(
          spec.commandLine(),
          "Invalid value for option '" + option + "': " + value + " is less than 1");
    }
  }

  private String describe(DumpReport report) {
    return String.format(
        "dumped %s in %s, frozen for %s: %s held, %s zero, %s equal to others, %s on disk%s",
        Text.tree(report.processCount(), report.threadCount()),
        Text.millis(report.elapsed()),
        Text.millis(report.frozen()),
        Text.pages(report.pagesSeen()),
        Text.pages(report.pagesZero()),
        Text.pages(report.pagesDuplicate()),
        Text.bytes(report.storedBytes()),
        leaveRunning ? "; it runs on" : "");
  }
}
