package dev.thaw.cli;

import dev.thaw.Checkpoint;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code thaw refill}: what thaw-init starts where the JVM of a running restore has died. */
@Command(
    name = "refill",
    hidden = true,
    description = "Goes on filling the memory of a restored tree. Started by thaw-init.")
final class RefillCommand extends ThawCommand {
  @Option(
      names = {"-D", "--images-dir"},
      required = true,
      paramLabel = "DIR",
      description = "The checkpoint.")
  Path directory;

  @Option(
      names = "--checksum",
      required = true,
      paramLabel = "N",
      description = "Of the checkpoint as it was restored.")
  int checksum;

  @Override
  public Integer call() throws Exception {
    Checkpoint.refill(path(directory), checksum);
    return ExitCode.OK;
  }
}
