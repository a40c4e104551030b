package dev.thaw.cli;

import dev.thaw.daemon.Thawd;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code thaw daemon}: becomes thawd. The launcher starts it. */
@Command(
    name = "daemon",
    description = {
      "Serves the commands of this user without a JVM's start for each, and keeps checkpoints warm.",
      "",
      "What it has restored lives on when it ends. With -d it returns once thawd serves."
    })
final class DaemonCommand extends ThawCommand {
  private static final String READY = System.getenv("THAWD_READY_FD");

  @Option(
      names = "--socket",
      paramLabel = "PATH",
      description =
          "Where to serve (default: THAWD_SOCKET of the environment, else /run/thaw/thawd.sock).")
  Optional<Path> socket = Optional.empty();

  @Option(
      names = {"-d", "--detach"},
      description = "Return once it serves.")
  boolean detach;

  @Option(
      names = "--no-rehearsal",
      description =
          "Do not restore a small program of its own over and over at first, which takes two seconds"
              + " of a CPU that nobody else wants, and makes what is asked for later faster.")
  boolean noRehearsal;

  @Override
  public Integer call() throws IOException {
    Path where = path(socket.orElseGet(DaemonCommand::fromEnvironment));
    Thawd thawd = Thawd.at(where.toAbsolutePath(), Main::run);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(thawd), "thawd-end"));
    Main.warmUp();
    if (READY != null) {
      Thawd.detach(Integer.parseInt(READY));
    }
    if (!noRehearsal) {
      thawd.rehearse();
    }
    thawd.serve();
    return ExitCode.OK;
  }

  private static Path fromEnvironment() {
    String path = System.getenv("THAWD_SOCKET");
    return path == null || path.isEmpty() ? Thawd.DEFAULT_SOCKET : Path.of(path);
  }

  private static void end(Thawd thawd) {
    try {
      thawd.close();
    } catch (IOException e) {
      System.err.println("thawd: " + e.getMessage());
    }
  }
}
