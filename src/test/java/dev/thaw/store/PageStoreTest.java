package dev.thaw.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PageStoreTest {
  private static final int PAGE = Pages.PAGE;
  private static final PageStoreOptions OPTIONS = PageStoreOptions.DEFAULTS.withThreads(3, 3);

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({
    "1, 1",
    "2, 1",
    "16, 1",
    "15, 16",
    "16, 16",
    "17, 16",
    "255, 16",
    "256, 16",
    "257, 16",
    "1000, 16",
    "1000, 1",
    "1000, 7",
    "1500, 512",
    "3000, 1024"
  })
  void whatIsPutIsReadBack(int pageCount, int framePages) throws Exception {
    ByteBuffer pages = Pages.mixed(pageCount, pageCount * 31L + framePages);
    StoreSummary summary =
        Pages.checkpoint(directory.resolve("c"), OPTIONS.withFramePages(framePages), pages);

    CheckpointDir checkpoint = CheckpointDir.open(directory.resolve("c"));
    try (PageStore store = checkpoint.openPages()) {
      Pagemap pagemap = checkpoint.pagemap("1", store);
      assertEquals(pages, Pages.read(store, pagemap, 0, pageCount));
      assertEquals(pageCount, summary.pages().seen());
      assertEquals(store.pageCount(), summary.pages().stored());
      assertEquals(summary.pages(), pagemap.statistics());
      assertEquals(summary.storedBytes(), Files.size(directory.resolve("c/pages.img")));
    }
  }

  @Test
  void zeroPagesAreNotStoredAndEqualPagesOnce() throws Exception {
    ByteBuffer pages = ByteBuffer.allocateDirect(40 * PAGE);
    ByteBuffer two = Pages.noise(2, 5);
    pages.put(3 * PAGE, two, 0, PAGE).put(9 * PAGE, two, PAGE, PAGE).put(20 * PAGE, two, 0, PAGE);
    StoreSummary summary = Pages.checkpoint(directory.resolve("c"), OPTIONS, pages);

    assertEquals(new PageStatistics(40, 37, 1, 2), summary.pages());
    CheckpointDir checkpoint = CheckpointDir.open(directory.resolve("c"));
    try (PageStore store = checkpoint.openPages()) {
      assertEquals(
          List.of(new PagemapRun(3, 1, 0), new PagemapRun(9, 1, 1), new PagemapRun(20, 1, 0)),
          checkpoint.pagemap("1", store).runs());
    }
  }

  @Test
  void pagesThatDifferInOneBitAreDifferent() throws Exception {
    ByteBuffer page = Pages.noise(1, 6);
    ByteBuffer pages = ByteBuffer.allocateDirect(512 * PAGE);
    for (int i = 0; i < 512; i++) {
      pages.put(i * PAGE, page, 0, PAGE);
      int at = i * PAGE + i * 8 + i % 8;
      pages.put(at, (byte) (pages.get(at) ^ 1 << i % 8));
    }
    assertEquals(512, Pages.checkpoint(directory.resolve("c"), OPTIONS, pages).pages().stored());
  }

  @Test
  void aPageWithOneBitIsNotZero() throws Exception {
    ByteBuffer pages = ByteBuffer.allocateDirect(512 * PAGE);
    for (int i = 0; i < 512; i++) {
      pages.put(i * PAGE + i * 8 + i % 8, (byte) (1 << i % 8));
    }
    assertEquals(512, Pages.checkpoint(directory.resolve("c"), OPTIONS, pages).pages().stored());
  }

  @Test
  void nothingButZeroPagesMakesAnEmptyStore() throws Exception {
    Pages.checkpoint(directory.resolve("c"), OPTIONS, ByteBuffer.allocateDirect(300 * PAGE));
    CheckpointDir checkpoint = CheckpointDir.open(directory.resolve("c"));
    try (PageStore store = checkpoint.openPages()) {
      assertEquals(0, store.frameCount());
      assertEquals(List.of(), checkpoint.pagemap("1", store).runs());
    }
  }

  @Test
  void noiseIsStoredRaw() throws Exception {
    Pages.checkpoint(directory.resolve("c"), OPTIONS, Pages.noise(64, 1));
    try (PageStore store = CheckpointDir.open(directory.resolve("c")).openPages()) {
      for (long frame = 0; frame < store.frameCount(); frame++) {
        assertEquals(store.pagesIn(frame) * PAGE, store.storedBytes(frame));
      }
    }
  }

  @Test
  void zeroRunsAreRecordedWhereTheSinkWantsThem() throws Exception {
    try (CheckpointWriter checkpoint = CheckpointWriter.begin(directory.resolve("c"));
        PageStoreWriter writer = new PageStoreWriter(checkpoint, OPTIONS)) {
      ByteBuffer pages = ByteBuffer.allocateDirect(10 * PAGE);
      pages.put(4 * PAGE, (byte) 1);
      writer.put(pages, writer.sinkWithZeroRuns("file"), 100);
      writer.finish();
      checkpoint.commit();
    }
    CheckpointDir checkpoint = CheckpointDir.open(directory.resolve("c"));
    try (PageStore store = checkpoint.openPages()) {
      assertEquals(
          List.of(
              new PagemapRun(100, 4, PagemapRun.ZERO),
              new PagemapRun(104, 1, 0),
              new PagemapRun(105, 5, PagemapRun.ZERO)),
          checkpoint.pagemap("file", store).runs());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3})
  void manyThreadsMayPutToManySinksWithLittleMemory(int earlyThreads) throws Exception {
    int threads = 8;
    int pageCount = 3000;
    PageStoreOptions options = OPTIONS.withBufferBytes(0).withThreads(3, earlyThreads);
    try (CheckpointWriter checkpoint = CheckpointWriter.begin(directory.resolve("c"));
        PageStoreWriter writer = new PageStoreWriter(checkpoint, options)) {
      ExecutorService pool = Executors.newFixedThreadPool(threads);
      List<Future<?>> done = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        PageSink sink = writer.sink("s" + t);
        int seed = t;
        done.add(pool.submit(() -> putInPieces(writer, sink, Pages.mixed(pageCount, seed), seed)));
      }
      for (Future<?> d : done) {
        d.get();
      }
      pool.shutdown();
      writer.finish();
      checkpoint.commit();
    }
    CheckpointDir checkpoint = CheckpointDir.open(directory.resolve("c"));
    try (PageStore store = checkpoint.openPages()) {
      for (int t = 0; t < threads; t++) {
        Pagemap pagemap = checkpoint.pagemap("s" + t, store);
        assertEquals(Pages.mixed(pageCount, t), Pages.read(store, pagemap, 0, pageCount));
      }
    }
  }

  private static Void putInPieces(PageStoreWriter writer, PageSink sink, ByteBuffer pages, int seed)
      throws Exception {
    Random random = new Random(seed);
    int count = pages.capacity() / PAGE;
    for (int at = 0; at < count; ) {
      int n = Math.min(count - at, 1 + random.nextInt(600));
      if (random.nextBoolean() && n <= PageBuffer.PAGES) {
        PageBuffer buffer = writer.borrow();
        buffer.bytes().put(0, pages, at * PAGE, n * PAGE);
        buffer.add(sink, at, n);
        writer.submit(buffer);
      } else {
        writer.put(pages.duplicate().limit((at + n) * PAGE).position(at * PAGE), sink, at);
      }
      at += n;
    }
    return null;
  }

  @Test
  void theSamePagesGiveTheSameFilesWhateverTheThreads() throws Exception {
    ByteBuffer pages = Pages.mixed(4000, 9);
    Pages.checkpoint(directory.resolve("a"), OPTIONS.withThreads(1, 1), pages);
    Pages.checkpoint(directory.resolve("b"), OPTIONS.withThreads(4, 2), pages);
    assertArrayEquals(
        Files.readAllBytes(directory.resolve("a/pagemap-1.img")),
        Files.readAllBytes(directory.resolve("b/pagemap-1.img")));
    assertEquals(
        Files.size(directory.resolve("a/pages.img")), Files.size(directory.resolve("b/pages.img")));
  }

  @Test
  void pagesThatAreNotRememberedAreStoredAgain() throws Exception {
    ByteBuffer pages = ByteBuffer.allocateDirect(30 * PAGE);
    ByteBuffer noise = Pages.noise(10, 2);
    for (int i = 0; i < 3; i++) {
      pages.put(i * 10 * PAGE, noise, 0, 10 * PAGE);
    }
    StoreSummary summary =
        Pages.checkpoint(directory.resolve("c"), OPTIONS.withMaxKnownPages(4), pages);
    assertEquals(new PageStatistics(30, 0, 8, 22), summary.pages());
  }

  @Test
  void aPagePutTwiceIsABug() throws Exception {
    try (CheckpointWriter checkpoint = CheckpointWriter.begin(directory.resolve("c"));
        PageStoreWriter writer = new PageStoreWriter(checkpoint, OPTIONS)) {
      PageSink sink = writer.sink("1");
      writer.put(Pages.noise(3, 1), sink, 5);
      writer.put(Pages.noise(1, 2), sink, 7);
      IllegalStateException e = assertThrows(IllegalStateException.class, writer::finish);
      assertTrue(e.getMessage().contains("page 7"), e.getMessage());
    }
    assertEquals(0, Files.list(directory).count());
  }

  @Test
  void closeWithoutFinishStopsEverything() throws Exception {
    try (CheckpointWriter checkpoint = CheckpointWriter.begin(directory.resolve("c"));
        PageStoreWriter writer =
            new PageStoreWriter(checkpoint, OPTIONS.withBufferBytes(64 << 20).withThreads(3, 0))) {
      writer.put(Pages.noise(2000, 1), writer.sink("1"), 0);
    }
    assertEquals(0, Files.list(directory).count());
  }
}
