package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.LiveStats;
import dev.thaw.linux.PidFd;
import dev.thaw.store.RecordingFiles;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The Java API in plain JVMs, {@code java -cp}: no launcher, no thawd. */
@Tag("e2e")
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EmbeddingIT {
  private static final int SIGKILL = 9;
  private static final int SIGUSR1 = 10;
  private static final int SIGUSR2 = 12;
  private static final Path JAR = Path.of(Command.program()).resolveSibling("thaw.jar");
  private static final String CLASSES = JAR + ":target/test-classes";
  private static final Path EXAMPLE = Path.of("src/examples/java/Embedding.java");

  @TempDir Path directory;

  /** A JVM with the jar alone, and perhaps these tests, on its class path. */
  private static List<String> java(String classPath, Object... words) {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(List.of("-cp", classPath));
    Stream.of(words).map(Object::toString).forEach(line::add);
    return line;
  }

  private static List<String> program(Object... words) {
    List<Object> all = new ArrayList<>(List.of(EmbeddingProgram.class.getName()));
    all.addAll(List.of(words));
    return java(CLASSES, all.toArray());
  }

  private static Process start(List<String> line) throws IOException {
    return new ProcessBuilder(line).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static void signal(int pid, int signal) throws IOException {
    try (PidFd process = PidFd.open(pid)) {
      process.send(signal);
    }
  }

  @Test
  void theExampleRestoresAProgramAndExitsAsItDoes() throws Exception {
    String script = "trap 'exit 7' USR1; while :; do read line < fifo; done";
    Command.run(List.of("mkfifo", directory.resolve("fifo").toString())).succeeded();
    List<String> line =
        java(JAR.toString(), EXAMPLE, directory, "sh", "-c", "cd " + directory + "; " + script);
    Process example = start(line);
    try (BufferedReader output = example.inputReader()) {
      String restored = output.readLine();
      while (restored != null && !restored.startsWith("restored ")) {
        restored = output.readLine();
      }
      assertTrue(restored != null, "the example has ended");
      int pid = Integer.parseInt(restored.replaceAll("restored pid (\\d+),.*", "$1"));
      awaitTrap(pid);
      signal(pid, SIGUSR1);
      assertEquals("pid " + pid + " exited with 7", output.readLine());
      assertEquals(7, example.waitFor());
    } finally {
      example.destroyForcibly();
    }
  }

  /** The dump may have come before the shell's first line. */
  private static void awaitTrap(int pid) {
    Victim.await("the trap", () -> catches(pid, SIGUSR1));
  }

  private static boolean catches(int pid, int signal) {
    try {
      String status = Files.readString(Path.of("/proc/" + pid + "/status"));
      String mask = status.replaceAll("(?s).*SigCgt:\\s*(\\w+).*", "$1");
      return (Long.parseUnsignedLong(mask, 16) >> signal - 1 & 1) != 0;
    } catch (IOException e) {
      throw new AssertionError("pid " + pid + " is gone", e);
    }
  }

  @Test
  void aRestoredTreeIsWaitedForAndItsEndIsKnown() throws Exception {
    try (Victim victim = Victim.start("process_tree", directory)) {
      Process jvm = start(program("restore", victim.dump("checkpoint")));
      try (BufferedReader output = jvm.inputReader()) {
        assertEquals("runs " + victim.pid(), output.readLine());
        victim.check();
        assertEquals("exited with 0, true", output.readLine());
        assertEquals("signal: GONE", output.readLine());
        assertEquals(0, jvm.waitFor());
      }
    }
  }

  @Test
  void aDetachedTreeOutlivesTheJvmAndItsOutput() throws Exception {
    try (Victim victim = Victim.start("anon_kinds", directory)) {
      Process jvm = start(program("eager", victim.dump("checkpoint")));
      String output = new String(jvm.getInputStream().readAllBytes()); // to its end
      assertEquals("runs " + victim.pid() + " Optional.empty\n", output);
      assertEquals(0, jvm.waitFor());
      victim.check();
    }
  }

  @Test
  void everyPageComesAfterTheEmbeddingJvmWasKilled() throws Exception {
    try (Victim victim = Victim.start("working_set", directory)) {
      Process jvm = start(program("unfilled", victim.dump("checkpoint")));
      try (BufferedReader output = jvm.inputReader()) {
        assertEquals("runs " + victim.pid(), output.readLine());
        LiveStats stats = LiveStats.of(victim.pid());
        assertFalse(stats.now().filled());
        assertTrue(stats.now().filledPages() < stats.now().checkpointPages());
        jvm.destroyForcibly().waitFor();
        Victim.await("another JVM that fills", () -> stats.now().filled());
        assertEquals(stats.now().checkpointPages(), stats.now().filledPages());
        victim.check();
      }
    }
  }

  @Test
  void aRecordingIsWrittenThoughTheJvmHasLetGo() throws Exception {
    try (Victim victim = Victim.start("working_set", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      Files.createFile(directory.resolve("touch"));
      Command.run(program("record", checkpoint)).succeeded();
      int position = victim.log().length();
      signal(victim.pid(), SIGUSR2);
      Victim.await("the touches", () -> victim.log().substring(position).equals("ready\n"));
      signal(victim.pid(), SIGKILL);
      Victim.await("all that served it to end", () -> victim.left().isEmpty());
      Path recording = RecordingFiles.list(checkpoint).get(0);
      assertTrue(RecordingFiles.read(recording).touches().size() >= 1600);
      assertTrue(RecordingFiles.stats(recording).isPresent());
    }
  }

  /** thaw-keeper has its place and its connection, and starts another JVM when that ends. */
  @Test
  void everyPageComesAfterThawInitAndThenTheJvmHaveEnded() throws Exception {
    try (Victim victim = Victim.start("working_set", directory)) {
      Process jvm = start(program("unfilled", victim.dump("checkpoint")));
      try (BufferedReader output = jvm.inputReader()) {
        assertEquals("runs " + victim.pid(), output.readLine());
        LiveStats stats = LiveStats.of(victim.pid());
        int init = stats.now().initPid();
        signal(init, SIGKILL);
        String lost = output.readLine();
        assertTrue(lost.startsWith("FAILED: thaw-init (pid " + init + ") was killed"), lost);
        assertEquals(1, jvm.waitFor());
        Victim.await("another JVM that fills", () -> stats.now().filled());
        assertEquals(stats.now().checkpointPages(), stats.now().filledPages());
        victim.check();
      }
    }
  }

  @Test
  void clonesOfATemplateHaveNamespacesOfTheirOwn() throws Exception {
    try (Victim victim = Victim.start("cloned", directory)) {
      Process jvm = start(program("clone", victim.dump("checkpoint")));
      try (BufferedReader output = jvm.inputReader()) {
        assertTrue(output.readLine().matches("runs \\d+ \\d+"));
        assertEquals("killed by signal 15, killed by signal 15", output.readLine());
        assertEquals(0, jvm.waitFor());
      }
    }
  }

  @Test
  void aChildOfTheJvmIsRefusedAndUntouched() throws Exception {
    Command refused = Command.run(program("own-child", directory.resolve("checkpoint")));
    assertTrue(refused.output().startsWith("true true\nREFUSED: pid "), refused.toString());
    assertEquals(1, refused.exit());
    assertFalse(Files.exists(directory.resolve("checkpoint")));
  }

  @Test
  void missingNativeFilesAreOneLine() throws Exception {
    String program = EmbeddingProgram.class.getName();
    Command failed =
        Command.run(java(CLASSES, "-Dthaw.native=/nowhere", program, "restore", directory));
    assertEquals(1, failed.exit());
    assertEquals(
        "FAILED: thaw-init: is not in /nowhere; set the system property thaw.native to the"
            + " directory of Thaw's native files\n",
        failed.output());
  }
}
