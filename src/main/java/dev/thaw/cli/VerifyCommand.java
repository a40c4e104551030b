package dev.thaw.cli;

import dev.thaw.Checkpoint;
import dev.thaw.VerifyReport;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code thaw verify}. */
@Command(
    name = "verify",
    description = "Reads all of a checkpoint and compares every checksum.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:every byte is as it was written", "4:something is not; stderr names it"})
final class VerifyCommand implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "The checkpoint.")
  Path directory;

  @Mixin CommonOptions common;

  @Override
  public Integer call() throws Exception {
    VerifyReport report;
    try (ProgressBar bar = ProgressBar.onTerminal()) {
      report = Checkpoint.verify(directory, bar::update);
    }
    for (String problem : report.problems()) {
      System.err.println("thaw: " + problem);
    }
    if (!report.problems().isEmpty()) {
      return ExitCode.BAD_IMAGE;
    }
    System.out.printf(
        "%s: %d files, %s, every checksum right%n",
        directory, report.filesRead(), Text.bytes(report.bytesRead()));
    return ExitCode.OK;
  }
}
