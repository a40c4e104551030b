package dev.thaw.e2e;

import dev.thaw.linux.PidFd;
import dev.thaw.linux.UnixListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A thawd of the test's own, with its socket in a directory of its own. */
final class ThawdUnderTest implements AutoCloseable {
  private static final String COMMAND =
      Path.of(System.getProperty("thaw.command", "target/thaw")).toAbsolutePath().toString();
  private static final int SIGTERM = 15;
  private static final int SIGKILL = 9;
  private static final long PATIENCE_SECONDS = 60;

  private final Path socket;
  private final Path log;
  private final List<String> options;
  private Process process;

  /** Starts it and waits until it serves. */
  ThawdUnderTest(Path directory, String... options) throws IOException {
    this(directory, directory.resolve("thawd.sock"), options);
    start();
  }

  private ThawdUnderTest(Path directory, Path socket, String... options) {
    this.socket = socket;
    this.options = List.of(options);
    log = directory.resolve("thawd.log");
  }

  /** What is done with one whose parent has ended, as every daemon's has. */
  interface Use {
    void of(ThawdUnderTest thawd) throws Exception;
  }

  /** Has a shell start one and end, and ends it afterwards. */
  static void adopted(Path directory, Use use) throws Exception {
    ThawdUnderTest thawd = new ThawdUnderTest(directory, directory.resolve("adopted.sock"));
    String line = "\"$0\" daemon --socket \"$1\" </dev/null >/dev/null 2>&1 & echo $!";
    Process shell = new ProcessBuilder("sh", "-c", line, COMMAND, thawd.socket.toString()).start();
    int pid = Integer.parseInt(new String(shell.getInputStream().readAllBytes()).strip());
    try (PidFd daemon = PidFd.open(pid)) {
      try {
        shell.waitFor();
        Victim.await("thawd", thawd::serves);
        use.of(thawd);
      } finally {
        daemon.send(SIGTERM);
        Victim.await("the end of thawd", daemon::hasEnded);
      }
    }
  }

  private void start() throws IOException {
    List<String> line = new ArrayList<>(List.of(COMMAND, "daemon", "--socket", socket.toString()));
    line.addAll(options);
    process =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    Victim.await("thawd", () -> serves() || !process.isAlive());
    if (!process.isAlive()) {
      throw new AssertionError("thawd: " + Files.readString(log));
    }
  }

  private boolean serves() {
    try {
      return UnixListener.isServed(socket.toString());
    } catch (IOException e) {
      return false;
    }
  }

  int pid() {
    return (int) process.pid();
  }

  Path socket() {
    return socket;
  }

  /** What it has logged. */
  String log() throws IOException {
    return Files.readString(log);
  }

  /**
   * A command that only thawd can run: the launcher finds no JVM to fall back to. Its output goes
   * to {@code output}, both streams.
   */
  ProcessBuilder builder(Path output, List<?> arguments) {
    List<String> line = new ArrayList<>(List.of(COMMAND));
    arguments.forEach(argument -> line.add(argument.toString()));
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder
        .environment()
        .putAll(
            Map.of(
                "THAWD_SOCKET",
                socket.toString(),
                "JAVA_HOME",
                "/nonexistent",
                "PATH",
                "/nonexistent"));
    return builder;
  }

  /** Runs a command to its end. */
  Command run(Object... arguments) throws IOException, InterruptedException {
    Path output = Files.createTempFile("thaw-output", ".txt");
    try {
      Process command = builder(output, List.of(arguments)).start();
      return ended(command, output, List.of(arguments));
    } finally {
      Files.delete(output);
    }
  }

  /** Waits for the end of a command. */
  static Command ended(Process command, Path output, List<?> arguments)
      throws IOException, InterruptedException {
    if (!command.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      command.destroyForcibly();
      throw new AssertionError(arguments + " has not ended: " + Files.readString(output));
    }
    List<String> line = arguments.stream().map(Object::toString).toList();
    return new Command(line, command.exitValue(), Files.readString(output));
  }

  /** SIGTERM; returns the exit code. */
  int end() throws IOException, InterruptedException {
    return signal(SIGTERM);
  }

  /** SIGKILL. */
  void kill() throws IOException, InterruptedException {
    signal(SIGKILL);
  }

  private int signal(int signal) throws IOException, InterruptedException {
    try (PidFd pidfd = PidFd.open(pid())) {
      pidfd.send(signal);
    }
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("thawd has not ended after " + Duration.ofSeconds(PATIENCE_SECONDS));
    }
    return process.exitValue();
  }

  /** Starts another one at the same socket, after the end of this one. */
  void restart() throws IOException {
    start();
  }

  @Override
  public void close() throws IOException {
    if (process.isAlive()) {
      try {
        end();
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }
}
