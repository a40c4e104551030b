package dev.thaw.cli;

import dev.thaw.Checkpoint;
import dev.thaw.OptimizeReport;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code thaw optimize}. */
@Command(
    name = "optimize",
    description = {
      "Lays the pages of a checkpoint out in the order in which recorded restores touched them.",
      "",
      "The checkpoint is the old one or the new one at every instant. It needs the room for both,"
          + " and no tree that was restored from it may still be filling (see: thaw stats)."
    })
final class OptimizeCommand extends ThawCommand {
  @Parameters(paramLabel = "DIR", description = "The checkpoint.")
  Path directory;

  @Override
  public Integer call() throws Exception {
    OptimizeReport report;
    try (ProgressBar bar = ProgressBar.onTerminal(caller)) {
      report = Checkpoint.optimize(path(directory), bar::update);
    }
    report.warnings().forEach(warning -> caller.err().println("thaw: warning: " + warning));
    out()
        .printf(
            "%s: %s of %d recordings in front, in %s of %s%n",
            directory,
            Text.pages(report.hotPages()),
            report.recordings(),
            Text.bytes(report.hotBytes()),
            Text.bytes(report.storedBytes()));
    return ExitCode.OK;
  }
}
