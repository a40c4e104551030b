package dev.thaw.real;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** A thawd of a bench's own, and commands that go to it. */
final class BenchDaemon implements AutoCloseable {
  private static final String COMMAND =
      Path.of(System.getProperty("thaw.command", "target/thaw")).toAbsolutePath().toString();
  private static final long END_SECONDS = 20;

  private final Path socket;
  private final Process process;

  /** Starts one with its socket at {@code socket}, and waits until it serves. */
  BenchDaemon(Path socket) throws IOException {
    this(socket, command -> command);
  }

  /**
   * The same.
   *
   * @param place makes of a command line one that runs it somewhere
   */
  BenchDaemon(Path socket, UnaryOperator<List<String>> place) throws IOException {
    this.socket = socket;
    process =
        new ProcessBuilder(place.apply(List.of(COMMAND, "daemon", "--socket", socket.toString())))
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    Target.await("thawd", this::serves);
  }

  private boolean serves() {
    if (!process.isAlive()) {
      throw new AssertionError("thawd ended with " + process.exitValue());
    }
    try {
      return Files.exists(socket) && run("version").exit() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** A command line that has thawd run a command; where it does not, there is no JVM either. */
  List<String> line(Object... arguments) {
    List<String> line =
        new ArrayList<>(
            List.of("env", "THAWD_SOCKET=" + socket, "JAVA_HOME=/nonexistent", COMMAND));
    List.of(arguments).forEach(argument -> line.add(argument.toString()));
    return line;
  }

  /** A command line that starts a JVM of its own. */
  static List<String> lineAlone(Object... arguments) {
    List<String> line = new ArrayList<>(List.of("env", "THAWD_SOCKET=none", COMMAND));
    List.of(arguments).forEach(argument -> line.add(argument.toString()));
    return line;
  }

  /** Runs a command by it. */
  Thaw.Outcome run(Object... arguments) throws IOException, InterruptedException {
    return Thaw.runProgram(line(arguments));
  }

  /** Runs a command by it that must succeed. */
  Thaw.Outcome succeed(Object... arguments) throws IOException, InterruptedException {
    return succeeded(run(arguments));
  }

  static Thaw.Outcome succeeded(Thaw.Outcome outcome) {
    if (outcome.exit() != 0) {
      throw new AssertionError(outcome.toString());
    }
    return outcome;
  }

  long pid() {
    return process.pid();
  }

  /** Whether it is still getting fast; it leaves that alone while it is busy. */
  boolean rehearses() {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid() + "/task"))) {
      for (Path task : tasks.toList()) {
        if (Files.readString(task.resolve("comm")).startsWith("rehearsal")) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      return true; // a thread has just ended: look again
    }
  }

  @Override
  public void close() throws IOException {
    process.destroy();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
    }
  }
}
