package dev.thaw.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreOptimizerTest {
  private static final int PAGES = 5000;

  @TempDir Path parent;

  private final List<String> warnings = new ArrayList<>();

  private Path checkpoint(ByteBuffer content) throws Exception {
    Path directory = parent.resolve("checkpoint");
    Pages.checkpoint(directory, PageStoreOptions.DEFAULTS.withThreads(2, 2), content);
    return directory;
  }

  private StoreOptimizer.Result optimize(Path directory) throws IOException {
    return StoreOptimizer.run(directory, (done, all) -> {}, warnings);
  }

  private static Pagemap pagemap(Path directory) throws IOException {
    CheckpointDir checkpoint = CheckpointDir.open(directory);
    try (PageStore store = checkpoint.openPages()) {
      return checkpoint.pagemap("1", store);
    }
  }

  private static ByteBuffer content(Path directory) throws IOException {
    CheckpointDir checkpoint = CheckpointDir.open(directory);
    try (PageStore store = checkpoint.openPages()) {
      return Pages.read(store, checkpoint.pagemap("1", store), 0, PAGES);
    }
  }

  /** Records some of the pages that have content, in a random order. */
  private static List<Long> record(Path directory, int count, long seed) throws Exception {
    Pagemap map = pagemap(directory);
    List<Long> held = new ArrayList<>();
    for (long page = 0; page < PAGES; page++) {
      if (map.storePage(page) >= 0) {
        held.add(page);
      }
    }
    Collections.shuffle(held, new Random(seed));
    List<Recording.Touch> touches = new ArrayList<>();
    for (long page : held.subList(0, count)) {
      touches.add(new Recording.Touch(0, page, touches.size(), false, false));
    }
    RecordingFiles.write(
        directory,
        new Recording(
            CheckpointDir.open(directory).identity(),
            count,
            Recording.End.MARK,
            List.of("1"),
            touches),
        new byte[0]);
    return held.subList(0, count);
  }

  @Test
  void everyPageIsWhatItWasAndTheHotOnesLieInFrontInTheirOrder() throws Exception {
    ByteBuffer original = Pages.mixed(PAGES, 1);
    Path directory = checkpoint(original);
    final PageStatistics statistics = pagemap(directory).statistics();
    final long identity = CheckpointDir.open(directory).identity();
    final byte[] manifest = Files.readAllBytes(directory.resolve("manifest.json"));
    List<Long> hot = record(directory, 700, 2);

    final StoreOptimizer.Result result = optimize(directory);

    assertEquals(original, content(directory));
    Pagemap after = pagemap(directory);
    long next = 0;
    for (long page : hot) {
      long at = after.storePage(page);
      assertTrue(at <= next, "page " + page + " is store page " + at + ", not " + next);
      next = Math.max(next, at + 1); // an equal page may be there already
    }
    assertEquals(result.hotPages(), next);
    assertEquals(statistics, after.statistics());
    assertEquals(identity, CheckpointDir.open(directory).identity());
    assertArrayEquals(manifest, Files.readAllBytes(directory.resolve("manifest.json")));
    assertEquals(List.of(), Verifier.verify(directory, 2, (done, all) -> {}).problems());
    assertEquals(List.of(), warnings);
    try (PageStore store = CheckpointDir.open(directory).openPages()) {
      long hotFrames = (next + store.framePages() - 1) / store.framePages();
      for (long frame = 0; frame < store.frameCount(); frame++) {
        assertEquals(
            frame < hotFrames,
            store.offset(frame) < PageFile.HEADER_BYTES + result.hotBytes(),
            "frame " + frame);
      }
    }
  }

  @Test
  void recordingsStayValidAndEqualPagesStayStoredOnce() throws Exception {
    Path directory = checkpoint(Pages.mixed(PAGES, 3));
    record(directory, 300, 4);
    optimize(directory);
    long storePages;
    try (PageStore store = CheckpointDir.open(directory).openPages()) {
      storePages = store.pageCount();
    }
    assertEquals(pagemap(directory).statistics().stored(), storePages);
    record(directory, 500, 5);

    assertEquals(2, optimize(directory).recordings());

    assertEquals(Pages.mixed(PAGES, 3), content(directory));
    assertEquals(2, RecordingFiles.list(directory).size());
  }

  @Test
  void whatElseIsInTheDirectoryStaysAndNothingIsLeftBeside() throws Exception {
    Path directory = checkpoint(Pages.mixed(PAGES, 6));
    record(directory, 100, 7);
    Files.writeString(directory.resolve("dump.log"), "a log");
    Files.createDirectory(directory.resolve("sub"));
    Files.writeString(directory.resolve("sub/file"), "in it");
    Files.createSymbolicLink(directory.resolve("link"), Path.of("nowhere"));
    Files.setPosixFilePermissions(
        directory, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-x---"));

    optimize(directory);

    assertEquals("a log", Files.readString(directory.resolve("dump.log")));
    assertEquals("in it", Files.readString(directory.resolve("sub/file")));
    assertEquals(Path.of("nowhere"), Files.readSymbolicLink(directory.resolve("link")));
    assertEquals(
        "rwxr-x---",
        java.nio.file.attribute.PosixFilePermissions.toString(
            Files.getPosixFilePermissions(directory)));
    try (Stream<Path> left = Files.list(parent)) {
      assertEquals(List.of(directory), left.toList());
    }
  }

  @Test
  void aStoreThatIsOpenGoesOnReadingTheOldPages() throws Exception {
    ByteBuffer original = Pages.mixed(PAGES, 8);
    Path directory = checkpoint(original);
    record(directory, 400, 9);
    CheckpointDir before = CheckpointDir.open(directory);
    try (PageStore store = before.openPages()) {
      optimize(directory);
      assertEquals(original, Pages.read(store, before.pagemap("1", store), 0, PAGES));
    }
    assertTrue(before.checksum() != CheckpointDir.open(directory).checksum());
  }

  @Test
  void withoutARecordingThatFitsNothingIsChanged() throws Exception {
    Path directory = checkpoint(Pages.mixed(PAGES, 10));
    final byte[] checksums = Files.readAllBytes(directory.resolve(Checksums.FILE));
    Files.writeString(directory.resolve("working-set-1.ws"), "none");
    IOException e = assertThrows(IOException.class, () -> optimize(directory));
    assertTrue(e.getMessage().contains("thaw restore --record"), e.getMessage());
    assertEquals(1, warnings.size());
    assertArrayEquals(checksums, Files.readAllBytes(directory.resolve(Checksums.FILE)));
  }

  @Test
  void aDamagedFrameStopsItAndTheCheckpointStays() throws Exception {
    Path directory = checkpoint(Pages.mixed(PAGES, 11));
    record(directory, 400, 12);
    Path file = directory.resolve(PageFile.FILE);
    byte[] pages = Files.readAllBytes(file);
    pages[pages.length / 2] ^= 1;
    Files.write(file, pages);
    assertThrows(CorruptFrameException.class, () -> optimize(directory));
    assertArrayEquals(pages, Files.readAllBytes(file));
    try (Stream<Path> left = Files.list(parent)) {
      assertEquals(List.of(directory), left.toList());
    }
  }
}
