package dev.thaw.real;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A JVM with 512 MiB of live heap and 50 threads under garbage collection, see {@link HeapService}.
 */
@Tag("e2e")
@Timeout(value = 240, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HotSpotIT {
  private static final int LIVE_MEBIBYTES = 512;
  private static final Duration AFTERWARDS = Duration.ofSeconds(60);

  /** The target's log gets four lines a second. */
  private static final long TICKS_AFTERWARDS = AFTERWARDS.toMillis() / 250 * 3 / 4;

  @TempDir Path directory;

  @Test
  void aHeapUnderCollectionGoesOnForAMinuteAfterItsRestore() throws Exception {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    try (Target service = start()) {
      progress(3);
      service.dump(first, "-R");
      progress(3);
      service.dump(second);
    }
    long lines = lines();
    try (Target restored = Target.restore(second)) {
      ask();
      assertEquals(50, ownersOf(restored), "threads named owner-N");
      progressFor(AFTERWARDS);
      assertTrue(lines() - lines >= TICKS_AFTERWARDS, lines() - lines + " ticks in a minute");
      ask();
    }
  }

  @Test
  void aJvmLeftRunningComesBackAsItWasAtTheDump() throws Exception {
    Path checkpoint = directory.resolve("checkpoint");
    long replacedAtDump;
    try (Target service = start()) {
      progress(1);
      service.dump(checkpoint, "-R");
      replacedAtDump = number("replaced", ask());
      progress(2);
    }
    try (Target restored = Target.restore(checkpoint)) {
      long replaced = number("replaced", ask());
      assertTrue(replaced > 0, "it has not begun anew");
      progress(2);
      assertEquals(0, number("wrong", ask()));
      assertTrue(number("replaced", ask()) > replaced, "it works after " + replacedAtDump);
      assertTrue(restored.isAlive());
    }
  }

  private Target start() throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classes = System.getProperty("thaw.test.classes", "target/test-classes");
    List<String> command =
        List.of(
            java,
            "-Xmx1g",
            "-cp",
            Path.of(classes).toAbsolutePath().toString(),
            HeapService.class.getName(),
            portFile().toString(),
            Integer.toString(LIVE_MEBIBYTES));
    Target service = Target.start(directory, command);
    Target.await("the heap", () -> Files.exists(portFile()) || !service.isAlive());
    assertTrue(service.isAlive(), "the JVM ended");
    return service;
  }

  private Path portFile() {
    return directory.resolve("port");
  }

  /** Waits until the checker has walked all shards so many times more; nothing may be wrong. */
  private void progress(int walks) {
    long until = number("walked", lastTick()) + walks;
    Target.await("walk " + until, () -> number("walked", lastTick()) >= until);
  }

  private void progressFor(Duration duration) {
    long end = System.nanoTime() + duration.toNanos();
    while (System.nanoTime() < end) {
      progress(1);
    }
  }

  /** Its answer over TCP. */
  private String ask() throws IOException {
    int port = Integer.parseInt(Files.readString(portFile()).strip());
    String answer = new HttpProbe(port).get("/");
    assertEquals(0, number("wrong", answer), answer);
    return answer;
  }

  /** The newest complete verdict, after a look at all that were written. */
  private String lastTick() {
    String log = log();
    int wrong = log.indexOf("WRONG");
    if (wrong >= 0) {
      throw new AssertionError(log.substring(wrong, Math.min(log.length(), wrong + 300)));
    }
    // A service that is back at its dump writes over what it wrote later: a line may be cut there.
    String last = "walked=0";
    for (String line : log.substring(0, log.lastIndexOf('\n') + 1).split("\n")) {
      last = line.startsWith("tick replaced=") ? line : last;
    }
    return last;
  }

  private long lines() {
    return log().lines().count();
  }

  private String log() {
    try {
      return Files.readString(directory.resolve("out"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long number(String name, String line) {
    Matcher matcher = Pattern.compile(name + "=(\\d+)").matcher(line);
    if (!matcher.find()) {
      throw new AssertionError("no " + name + " in: " + line);
    }
    return Long.parseLong(matcher.group(1));
  }

  private static long ownersOf(Target target) throws IOException {
    try (var tasks = Files.list(target.proc("task"))) {
      return tasks.filter(task -> read(task.resolve("comm")).startsWith("owner-")).count();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return ""; // a thread that ended
    }
  }
}
