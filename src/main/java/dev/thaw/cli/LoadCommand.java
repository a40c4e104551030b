package dev.thaw.cli;

import dev.thaw.Template;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code thaw load}. */
@Command(
    name = "load",
    description = {
      "Has thawd read a checkpoint whole and keep it in memory, to be cloned.",
      "",
      "A restore of it waits for no page then, as long as the checkpoint is the same."
    })
final class LoadCommand extends ThawCommand {
  @Parameters(paramLabel = "DIR", description = "The checkpoint.")
  Path directory;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "What to call it (default: the directory's name).")
  Optional<String> name = Optional.empty();

  @Override
  public Integer call() throws Exception {
    Path where = path(directory).toAbsolutePath().normalize();
    String called = name.orElseGet(() -> where.getFileName().toString());
    try (ProgressBar bar = ProgressBar.onTerminal(caller)) {
      Template template = templates().load(called, where, bar::update);
      bar.wipe();
      if (common.verbose) {
        out().printf("loaded %s: %s%n", called, Text.bytes(template.stats().memoryBytes()));
      }
    }
    return ExitCode.OK;
  }
}
