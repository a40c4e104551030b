package dev.thaw.cli;

import picocli.CommandLine.Command;

/** {@code thaw version}. */
@Command(name = "version", description = "Prints the version.")
final class VersionCommand extends ThawCommand {
  @Override
  public Integer call() {
    out().println("thaw " + Main.Version.number());
    return ExitCode.OK;
  }
}
