package dev.thaw.cli;

import dev.thaw.Checkpoint;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code thaw report}. */
@Command(
    name = "report",
    description =
        "Writes a page of HTML about a checkpoint: a map of its memory, when each page was touched in"
            + " what restores have recorded, and how long faults took.")
final class ReportCommand extends ThawCommand {
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

  @Override
  public Integer call() throws Exception {
    StatsCommand.replace(path(output), Checkpoint.report(path(directory), stats.map(this::path)));
    return ExitCode.OK;
  }
}
