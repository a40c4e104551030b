package dev.thaw.cli;

import dev.thaw.Checkpoint;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code thaw report}. */
@Command(
    name = "report",
    description =
        "Writes a page of HTML about a checkpoint: a map of its memory, when each page was touched in"
            + " what restores have recorded, and how long faults took.")
final class ReportCommand implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "The checkpoint.")
  Path directory;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description = "The page. It needs no network and no other file.")
  Path output;

  @Option(
      names = "--stats",
      paramLabel = "FILE",
      description =
          "Latencies, as thaw stats --json printed them (default: those of the last recording).")
  Optional<Path> stats = Optional.empty();

  @Mixin CommonOptions common;

  @Override
  public Integer call() throws Exception {
    StatsCommand.replace(output, Checkpoint.report(directory, stats));
    return ExitCode.OK;
  }
}
