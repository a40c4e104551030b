package dev.thaw.cli;

import dev.thaw.Checkpoint;
import dev.thaw.RecordingReport;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code thaw mark}. */
@Command(
    name = "mark",
    description = {
      "Ends the recording of a program that was restored with --record.",
      "",
      "What it has touched up to here is its working set: written to DIR/working-set-N.ws, beside"
          + " the checkpoint, it is installed by the next restore before the first instruction."
    })
final class MarkCommand extends ThawCommand {
  @Parameters(paramLabel = "PID", description = "A process of a restored tree.")
  int pid;

  @Override
  public Integer call() throws Exception {
    Optional<RecordingReport> report = Checkpoint.mark(pid);
    out()
        .println(
            report.isPresent()
                ? describe(report.get())
                : "the recording had ended and been written");
    return ExitCode.OK;
  }

  static String describe(RecordingReport report) {
    return String.format(
        "recorded %s, touched in %s: %s",
        Text.pages(report.pages()), Text.millis(report.lasted()), report.file());
  }
}
