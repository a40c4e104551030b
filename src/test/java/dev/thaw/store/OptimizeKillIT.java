package dev.thaw.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code thaw optimize}, killed at random moments: the checkpoint is the old one or the new one.
 */
@Tag("kernel")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OptimizeKillIT {
  private static final int PAGES = 12_000;
  private static final int RUNS = 12;

  @TempDir Path parent;

  private static Process optimize(Path checkpoint) throws IOException {
    String command = System.getProperty("thaw.command", "target/thaw");
    return new ProcessBuilder(command, "optimize", checkpoint.toString())
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** Another order each time, so that the pages move each time. */
  private static void record(Path checkpoint, Random random) throws IOException {
    CheckpointDir dir = CheckpointDir.open(checkpoint);
    List<Recording.Touch> touches = new ArrayList<>();
    try (PageStore store = dir.openPages()) {
      Pagemap map = dir.pagemap("1", store);
      List<Long> pages = new ArrayList<>();
      for (long page = 0; page < PAGES; page++) {
        if (map.storePage(page) >= 0) {
          pages.add(page);
        }
      }
      Collections.shuffle(pages, random);
      for (long page : pages.subList(0, 2000)) {
        touches.add(new Recording.Touch(0, page, 0, false, false));
      }
    }
    for (Path old : RecordingFiles.list(checkpoint)) {
      Files.delete(old);
    }
    RecordingFiles.write(
        checkpoint,
        new Recording(dir.identity(), 0, Recording.End.MARK, List.of("1"), touches),
        new byte[0]);
  }

  private static void assertWhole(Path checkpoint, ByteBuffer content) throws IOException {
    assertEquals(List.of(), Verifier.verify(checkpoint, 2, (done, all) -> {}).problems());
    CheckpointDir dir = CheckpointDir.open(checkpoint);
    try (PageStore store = dir.openPages()) {
      assertEquals(content, Pages.read(store, dir.pagemap("1", store), 0, PAGES));
    }
    assertEquals(1, RecordingFiles.list(checkpoint).size());
  }

  /** The other directories, which a kill may leave; they are deleted. */
  private int debris(Path checkpoint) throws IOException {
    int found = 0;
    try (Stream<Path> entries = Files.list(parent)) {
      for (Path entry : entries.filter(e -> !e.equals(checkpoint)).toList()) {
        assertTrue(entry.getFileName().toString().startsWith(".checkpoint.partial-"), "" + entry);
        found++;
        try (Stream<Path> all = Files.walk(entry)) {
          for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
            Files.delete(path);
          }
        }
      }
    }
    return found;
  }

  @Test
  void theCheckpointIsTheOldOneOrTheNewOne() throws Exception {
    long seed = Long.getLong("thaw.optimize.seed", System.nanoTime());
    System.out.println("optimize: seed " + seed);
    Random random = new Random(seed);
    ByteBuffer content = Pages.mixed(PAGES, 1);
    Path checkpoint = parent.resolve("checkpoint");
    Pages.checkpoint(checkpoint, PageStoreOptions.DEFAULTS, content);
    record(checkpoint, random);
    long begun = System.nanoTime();
    assertEquals(0, optimize(checkpoint).waitFor());
    long wholeNanos = System.nanoTime() - begun;
    assertWhole(checkpoint, content);
    assertEquals(0, debris(checkpoint));
    int killed = 0;
    for (int run = 0; run < RUNS; run++) {
      record(checkpoint, random);
      Process process = optimize(checkpoint);
      // Not a wait for something: the moments are to be random.
      process.waitFor((long) (random.nextDouble() * wholeNanos * 1.1), TimeUnit.NANOSECONDS);
      process.destroyForcibly();
      killed += process.waitFor() == 0 ? 0 : 1;
      assertWhole(checkpoint, content);
      debris(checkpoint);
    }
    System.out.printf("optimize: %d of %d killed%n", killed, RUNS);
    assertTrue(killed > 0);
  }
}
