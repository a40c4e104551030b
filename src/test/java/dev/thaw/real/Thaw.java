package dev.thaw.real;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The command under test (system property {@code thaw.command}), run as a user runs it. */
final class Thaw {
  private static final Duration LIMIT = Duration.ofSeconds(90);

  private Thaw() {}

  /**
   * How a command ended.
   *
   * @param took from start to exit, the JVM's start included
   */
  record Outcome(List<String> command, int exit, String out, String err, Duration took) {
    @Override
    public String toString() {
      return "%s: exit code %d after %d ms%n%s%s"
          .formatted(String.join(" ", command), exit, took.toMillis(), out, err);
    }
  }

  /** Runs a command that must succeed. */
  static Outcome succeed(Object... arguments) throws IOException, InterruptedException {
    Outcome outcome = run(arguments);
    assertEquals(0, outcome.exit(), outcome.toString());
    return outcome;
  }

  /** Runs a command to its end. */
  static Outcome run(Object... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("thaw.command", "target/thaw"));
    Arrays.stream(arguments).map(Object::toString).forEach(command::add);
    return runProgram(command);
  }

  /**
   * Runs any program to its end; its output goes through files, since what it starts may live on.
   */
  static Outcome runProgram(List<String> command) throws IOException, InterruptedException {
    Path out = Files.createTempFile("thaw-out", ".txt");
    Path err = Files.createTempFile("thaw-err", ".txt");
    try {
      long start = System.nanoTime();
      Process process =
          new ProcessBuilder(command)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(
            command + " has not ended after " + LIMIT + ": " + Files.readString(err));
      }
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      return new Outcome(
          command, process.exitValue(), Files.readString(out), Files.readString(err), took);
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }
}
