package dev.thaw.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How a program ended.
 *
 * @param output both streams
 */
record Command(List<String> line, int exit, String output) {
  private static final Duration LIMIT = Duration.ofSeconds(90);

  /** Runs the command under test (system property {@code thaw.command}) to its end. */
  static Command thaw(Object... arguments) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of(program()));
    for (Object argument : arguments) {
      line.add(argument.toString());
    }
    return run(line);
  }

  /** The command under test. */
  static String program() {
    return System.getProperty("thaw.command", "target/thaw");
  }

  /**
   * Runs any program to its end. Its output goes through a file, since what it starts may live on.
   */
  static Command run(List<String> line) throws IOException, InterruptedException {
    Path output = Files.createTempFile("thaw-output", ".txt");
    try {
      Process process =
          new ProcessBuilder(line)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(
            line + " has not ended after " + LIMIT + ": " + Files.readString(output));
      }
      return new Command(line, process.exitValue(), Files.readString(output));
    } finally {
      Files.delete(output);
    }
  }

  /** This, if it exited with 0. */
  Command succeeded() {
    if (exit != 0) {
      throw new AssertionError(this);
    }
    return this;
  }

  @Override
  public String toString() {
    return "%s: exit code %d%n%s".formatted(String.join(" ", line), exit, output);
  }
}
