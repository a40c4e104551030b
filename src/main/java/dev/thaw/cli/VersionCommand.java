package dev.thaw.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code thaw version}. */
@Command(name = "version", description = "Prints the version.")
final class VersionCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    System.out.println("thaw " + Main.Version.number());
    return ExitCode.OK;
  }
}
