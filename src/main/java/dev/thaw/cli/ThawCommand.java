package dev.thaw.cli;

import dev.thaw.ThawException;
import dev.thaw.daemon.Caller;
import dev.thaw.daemon.Templates;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;

/** What all commands have in common. */
abstract class ThawCommand implements Callable<Integer> {
  /** Set before {@link #call}. */
  Caller caller = Caller.ofThisJvm();

  @Mixin CommonOptions common;

  PrintStream out() {
    return caller.out();
  }

  /** What thawd has loaded. */
  Templates templates() throws ThawException {
    return caller
        .templates()
        .orElseThrow(
            () ->
                new ThawException(
                    ThawException.Kind.FAILED,
                    "no thawd serves here to keep a checkpoint; start one: thaw daemon -d",
                    null));
  }

  /** What a path on the command line means. */
  Path path(Path given) {
    return caller.path(given);
  }
}
