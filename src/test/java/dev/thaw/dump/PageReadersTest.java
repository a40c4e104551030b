package dev.thaw.dump;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.thaw.store.CheckpointDir;
import dev.thaw.store.CheckpointWriter;
import dev.thaw.store.PageSink;
import dev.thaw.store.PageStore;
import dev.thaw.store.PageStoreOptions;
import dev.thaw.store.PageStoreWriter;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PageReadersTest {
  private static final int PAGE = 4096;
  private static final int BUFFER_PAGES = 256;
  private static final PageStoreOptions OPTIONS = PageStoreOptions.DEFAULTS.withThreads(2, 2);

  @TempDir Path directory;

  /** Every page holds its own number, so that no two are equal and none is zero. */
  private static void number(long position, ByteBuffer bytes) {
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    for (long page = position / PAGE; bytes.hasRemaining(); page++) {
      for (int i = 0; i < PAGE; i += 8) {
        bytes.putLong(page + 1);
      }
    }
  }

  /** Runs of many lengths with gaps between, several in a buffer and several buffers in one. */
  private static int nameRuns(PageReaders readers, PageReaders.Source source, PageSink sink) {
    int pages = 0;
    long at = 7;
    for (int length : new int[] {1, 3, 1000, 255, 256, 257, 2, 2, 2, 5000, 1}) {
      readers.add(source, sink, at * PAGE, (at + length) * PAGE);
      at += length + 5;
      pages += length;
    }
    return pages;
  }

  @Test
  void pagesAreStoredInTheOrderInWhichTheyWereNamedHoweverManyRead() throws Exception {
    for (int threads = 1; threads <= 4; threads++) {
      Path target = directory.resolve("c" + threads);
      int pages;
      try (CheckpointWriter checkpoint = CheckpointWriter.begin(target);
          PageStoreWriter store = new PageStoreWriter(checkpoint, OPTIONS)) {
        checkpoint.add("manifest.json", "{\"formatVersion\": 1}".getBytes("UTF-8"));
        PageReaders readers = new PageReaders(store);
        pages = nameRuns(readers, PageReadersTest::number, store.sink("1"));
        readers.read(threads);
        store.finish();
        checkpoint.commit();
      }
      CheckpointDir checkpoint = CheckpointDir.open(target);
      try (PageStore store = checkpoint.openPages()) {
        assertEquals(pages, store.pageCount());
        ByteBuffer frame = ByteBuffer.allocateDirect(store.framePages() * PAGE);
        long expected = 0;
        for (PagemapRun run : checkpoint.pagemap("1", store).runs()) {
          assertEquals(expected, run.firstStorePage());
          for (long i = 0; i < run.pageCount(); i++, expected++) {
            store.readFrame(store.frameOf(expected), frame.clear());
            int offset = (int) (expected % store.framePages()) * PAGE;
            ByteBuffer page = ByteBuffer.allocate(PAGE);
            number((run.firstPage() + i) * PAGE, page);
            assertEquals(page.flip(), frame.slice(offset, PAGE));
          }
        }
        assertEquals(pages, expected);
      }
    }
  }

  /** The first load waits until no buffer is left: the others are full, and not yet its turn. */
  @Test
  void whoIsFasterDoesNotTakeTheBuffersOfWhoIsSlower() throws Exception {
    int buffers = 4; // the least that a writer with two threads has
    CountDownLatch othersFull = new CountDownLatch(buffers - 1);
    try (CheckpointWriter checkpoint = CheckpointWriter.begin(directory.resolve("c"));
        PageStoreWriter store = new PageStoreWriter(checkpoint, OPTIONS.withBufferBytes(0))) {
      PageReaders readers = new PageReaders(store);
      readers.add(
          (position, bytes) -> {
            if (position == 0) {
              await(othersFull);
            }
            number(position, bytes);
            othersFull.countDown();
          },
          store.sink("1"),
          0,
          20L * BUFFER_PAGES * PAGE);
      readers.read(2);
      assertEquals(20L * BUFFER_PAGES, store.finish().pages().stored());
    }
  }

  @Test
  void aFailedReadStopsTheOthersAndIsWhatTheCallerSees() throws Exception {
    IOException broken = new IOException("no memory at 0x1000");
    try (CheckpointWriter checkpoint = CheckpointWriter.begin(directory.resolve("c"));
        PageStoreWriter store = new PageStoreWriter(checkpoint, OPTIONS.withBufferBytes(0))) {
      CountDownLatch othersFull = new CountDownLatch(3);
      PageReaders readers = new PageReaders(store);
      readers.add(
          (position, bytes) -> {
            if (position == 0) {
              await(othersFull);
              throw broken;
            }
            number(position, bytes);
            othersFull.countDown();
          },
          store.sink("1"),
          0,
          1000L * BUFFER_PAGES * PAGE);
      assertSame(broken, assertThrows(IOException.class, () -> readers.read(2)));
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
