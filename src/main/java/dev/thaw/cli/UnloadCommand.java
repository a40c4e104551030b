package dev.thaw.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code thaw unload}. */
@Command(
    name = "unload",
    description =
        "Has thawd forget a checkpoint. Its clones live on; its memory goes with the last of them.")
final class UnloadCommand extends ThawCommand {
  @Parameters(paramLabel = "NAME", description = "The template.")
  String name;

  @Override
  public Integer call() throws Exception {
    templates().unload(name);
    return ExitCode.OK;
  }
}
