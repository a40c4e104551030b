package dev.thaw.store;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;

/** Pages for tests, and a checkpoint of some. */
final class Pages {
  static final int PAGE = PageSource.PAGE_BYTES;

  private Pages() {}

  /**
   * Pages like those of a program: most compress to about a half, some are zero, equal or noise.
   */
  static ByteBuffer mixed(int pageCount, long seed) {
    Random random = new Random(seed);
    ByteBuffer pages = ByteBuffer.allocateDirect(pageCount * PAGE);
    byte[] page = new byte[PAGE];
    for (int i = 0; i < pageCount; i++) {
      switch (random.nextInt(8)) {
        case 0 -> Arrays.fill(page, (byte) 0);
        case 1 -> {
          if (i > 0) {
            pages.get(random.nextInt(i) * PAGE, page);
          }
        }
        case 2 -> random.nextBytes(page);
        default -> {
          random.nextBytes(page);
          for (int at = 0; at < PAGE; at++) {
            page[at] &= (byte) (at & 7);
          }
        }
      }
      pages.put(i * PAGE, page);
    }
    return pages;
  }

  /** Pages that zstd cannot make smaller, all different. */
  static ByteBuffer noise(int pageCount, long seed) {
    byte[] bytes = new byte[pageCount * PAGE];
    new Random(seed).nextBytes(bytes);
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  /** The content of {@code pagemap} from its page {@code first} on, as a restore would have it. */
  static ByteBuffer read(PageStore store, Pagemap pagemap, long first, int pageCount)
      throws CorruptFrameException {
    ByteBuffer memory = ByteBuffer.allocateDirect(pageCount * PAGE);
    ByteBuffer frame = ByteBuffer.allocateDirect(store.framePages() * PAGE);
    long inFrame = -1;
    for (PagemapRun run : pagemap.runs()) {
      for (long i = 0; i < run.pageCount() && !run.zero(); i++) {
        long page = run.firstStorePage() + i;
        if (store.frameOf(page) != inFrame) {
          inFrame = store.frameOf(page);
          store.readFrame(inFrame, frame.clear());
        }
        memory.put(
            (int) (run.firstPage() + i - first) * PAGE,
            frame,
            (int) (page % store.framePages()) * PAGE,
            PAGE);
      }
    }
    return memory;
  }

  /** Writes a checkpoint with one metadata file and the pagemap {@code "1"} of {@code pages}. */
  static StoreSummary checkpoint(Path target, PageStoreOptions options, ByteBuffer pages)
      throws Exception {
    try (CheckpointWriter checkpoint = CheckpointWriter.begin(target);
        PageStoreWriter writer = new PageStoreWriter(checkpoint, options)) {
      checkpoint.add("manifest.json", "{\"formatVersion\": 1}".getBytes("UTF-8"));
      writer.put(pages.duplicate(), writer.sink("1"), 0);
      StoreSummary summary = writer.finish();
      checkpoint.commit();
      return summary;
    }
  }
}
