package dev.thaw.daemon;

import dev.thaw.TreeKeeper;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Who asked for a command: a launcher, through thawd, or the one that started this JVM. A command
 * prints, looks for files and finds its thaw-init through this only, never through the JVM's own
 * streams and directory.
 *
 * @param directory relative paths are meant from here; empty for the JVM's own
 * @param terminal whether {@code err} is a terminal
 * @param pid the launcher's, which a dump must not stop
 * @param keeper the thaw-init that came with the command
 * @param released run when nothing more will be printed: whoever waits for the end of the caller's
 *     output must not wait for this JVM
 * @param templates what thawd has loaded; absent in a JVM that runs one command
 */
public record Caller(
    PrintStream out,
    PrintStream err,
    Path directory,
    boolean terminal,
    int pid,
    Optional<TreeKeeper> keeper,
    Runnable released,
    Optional<Templates> templates) {

  /** The launcher that started this JVM for one command. */
  public static Caller ofThisJvm() {
    return new Caller(
        System.out,
        System.err,
        Path.of(""),
        Boolean.getBoolean("thaw.terminal"),
        (int) ProcessHandle.current().pid(),
        Optional.empty(),
        () -> {},
        Optional.empty());
  }

  /** The same with another stream for errors. */
  public Caller withErr(PrintStream other) {
    return new Caller(out, other, directory, terminal, pid, keeper, released, templates);
  }

  /** Nothing more will be printed. */
  public void release() {
    released.run();
  }

  /** What {@code path} means to the caller. */
  public Path path(Path path) {
    return directory.resolve(path);
  }
}
