package dev.thaw.cli;

import dev.thaw.Checkpoint;
import java.nio.file.Path;
import java.util.OptionalInt;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code thaw plan}. */
@Command(
    name = "plan",
    description = "Prints the restore as the system calls that each process will run, like strace.")
final class PlanCommand extends ThawCommand {
  @Parameters(paramLabel = "DIR", description = "The checkpoint.")
  Path directory;

  @Option(names = "--pid", paramLabel = "N", description = "Only the calls of this process.")
  Integer pid;

  @Override
  public Integer call() throws Exception {
    OptionalInt only = pid == null ? OptionalInt.empty() : OptionalInt.of(pid);
    for (String line : Checkpoint.plan(path(directory), only)) {
      out().println(line);
    }
    return ExitCode.OK;
  }
}
