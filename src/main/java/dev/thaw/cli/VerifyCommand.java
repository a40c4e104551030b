package dev.thaw.cli;

import dev.thaw.Checkpoint;
import dev.thaw.VerifyReport;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code thaw verify}. */
@Command(
    name = "verify",
    description = "Reads all of a checkpoint and compares every checksum.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:every byte is as it was written", "4:something is not; stderr names it"})
final class VerifyCommand extends ThawCommand {
  @Parameters(paramLabel = "DIR", description = "The checkpoint.")
  Path directory;

  @Override
  public Integer call() throws Exception {
    VerifyReport report;
    try (ProgressBar bar = ProgressBar.onTerminal(caller)) {
      report = Checkpoint.verify(path(directory), bar::update);
    }
    for (String problem : report.problems()) {
      caller.err().println("thaw: " + problem);
    }
    if (!report.problems().isEmpty()) {
      return ExitCode.BAD_IMAGE;
    }
    out()
        .printf(
            "%s: %d files, %s, every checksum right%n",
            directory, report.filesRead(), Text.bytes(report.bytesRead()));
    return ExitCode.OK;
  }
}
