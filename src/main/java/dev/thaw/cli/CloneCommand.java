package dev.thaw.cli;

import dev.thaw.CloneOptions;
import dev.thaw.RestoredTree;
import dev.thaw.Template;
import dev.thaw.TreeKeeper;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code thaw clone}: one clone. The launcher makes its namespaces, and runs this once for each of
 * {@code -n}.
 */
@Command(
    name = "clone",
    description = {
      "Makes one more process tree of a loaded checkpoint; pages that are not written exist once.",
      "",
      "It has pid and mount namespaces of its own, with the pids of the checkpoint in them. Like a"
          + " restore it stays in the foreground, passes signals on and exits as the root does."
    })
final class CloneCommand extends ThawCommand {
  @Spec CommandSpec spec;

  @Parameters(paramLabel = "NAME", description = "The template; see thaw load.")
  String name;

  @Option(
      names = "-n",
      paramLabel = "N",
      description = "Make so many, detached; prints the pid of each root, a line each.")
  Integer count;

  @Option(
      names = {"-d", "--detach"},
      description = "Return once it runs.")
  boolean detach;

  @Option(
      names = "--pidfile",
      paramLabel = "FILE",
      description = "Write the root's pid there, as it is outside of the clone's namespace.")
  Optional<Path> pidfile = Optional.empty();

  @Option(
      names = "--new-pids",
      description = "In the caller's namespaces, with another pid: one process that holds no pid.")
  boolean newPids;

  @Option(
      names = "--net-namespace",
      description = "In a network namespace of its own too, where only lo is up.")
  boolean netNamespace;

  @Option(
      names = "--signal-clones",
      paramLabel = "SIGNAL",
      converter = SignalConverter.class,
      description = "Queue this signal for the root, with the clone's number, before it runs.")
  Integer signal;

  @Option(
      names = "--accept-changed-files",
      description = "Go on although a file that the tree maps has changed since the dump.")
  boolean acceptChangedFiles;

  @Override
  public Integer call() throws Exception {
    if (count != null && count < 1) {
      throw new ParameterException(
          spec.commandLine(), "Invalid value for option '-n': " + count + " is less than 1");
    }
    OptionalInt greeting = signal == null ? OptionalInt.empty() : OptionalInt.of(signal);
    CloneOptions options =
        new CloneOptions(pidfile.map(this::path), newPids, greeting, acceptChangedFiles);
    Template template = templates().get(name);
    try (TreeKeeper keeper = caller.keeper().orElseGet(TreeKeeper::inherited);
        RestoredTree tree = template.clone(options, keeper)) {
      if (count != null) {
        out().println(tree.rootPid());
        out().flush();
      }
      if (common.verbose) {
        out().println("cloned in " + Text.millis(tree.timeToResume()));
        out().println("  " + Text.stages(tree.stages()));
        out().flush();
      }
      tree.announce();
      caller.release();
      tree.awaitFilled();
    }
    return ExitCode.OK;
  }
}
