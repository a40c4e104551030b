package dev.thaw;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How to clone a template.
 *
 * @param pidfile written with the root's pid, as this process sees it, once the clone runs
 * @param newPids the clone is not in a pid namespace of its own, so it cannot have the pids that
 *     the checkpoint has: its one process gets another
 * @param signal queued for the root before it runs, with the number of the clone: the program hears
 *     that it was cloned
 * @param acceptChangedFiles go on although a file that the tree maps has changed since the dump
 */
public record CloneOptions(
    Optional<Path> pidfile, boolean newPids, OptionalInt signal, boolean acceptChangedFiles) {

  /** The options of {@code thaw clone NAME} without any other. */
  public static final CloneOptions DEFAULTS =
      new CloneOptions(Optional.empty(), false, OptionalInt.empty(), false);

  /** The same, with another pid, in this process's own pid namespace. */
  public CloneOptions withNewPids() {
    return new CloneOptions(pidfile, true, signal, acceptChangedFiles);
  }

  /** The same, with a signal for the root. */
  public CloneOptions withSignal(int number) {
    return new CloneOptions(pidfile, newPids, OptionalInt.of(number), acceptChangedFiles);
  }
}
