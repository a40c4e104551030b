package dev.thaw.store;

/**
 * How a page store is written.
 *
 * @param framePages pages in a frame
 * @param level of zstd; negative ones are faster
 * @param threads that compress
 * @param bufferBytes memory for pages that are put and not yet written: {@code put} waits while all
 *     of it is in use
 * @param copyFirst nothing is compressed before the memory is used up or {@link
 *     PageStoreWriter#release} says so: all cores are for the copying while the target is frozen
 * @param maxKnownPages pages that are remembered to find equal ones, 36 bytes each at least; later
 *     pages are compared with these but not remembered
 */
public record PageStoreOptions(
    int framePages,
    int level,
    int threads,
    long bufferBytes,
    boolean copyFirst,
    int maxKnownPages) {

  /** Frame size and level as measured: adr/0002-page-frames.md. */
  public static final PageStoreOptions DEFAULTS =
      new PageStoreOptions(
          16, 1, Runtime.getRuntime().availableProcessors(), 64L << 20, false, 1 << 22);

  /** Validates. */
  public PageStoreOptions {
    if (framePages < 1 || framePages > FrameIndex.MAX_FRAME_PAGES) {
      throw new IllegalArgumentException("frames of " + framePages + " pages");
    }
    if (threads < 1 || bufferBytes < 0 || maxKnownPages < 0) {
      throw new IllegalArgumentException(
          threads + " threads, " + bufferBytes + " bytes, " + maxKnownPages + " pages");
    }
  }

  /** With another frame size. */
  public PageStoreOptions withFramePages(int pages) {
    return new PageStoreOptions(pages, level, threads, bufferBytes, copyFirst, maxKnownPages);
  }

  /** With another zstd level. */
  public PageStoreOptions withLevel(int newLevel) {
    return new PageStoreOptions(
        framePages, newLevel, threads, bufferBytes, copyFirst, maxKnownPages);
  }

  /** With another number of threads. */
  public PageStoreOptions withThreads(int count) {
    return new PageStoreOptions(framePages, level, count, bufferBytes, copyFirst, maxKnownPages);
  }

  /** With other memory for pages that wait. */
  public PageStoreOptions withBufferBytes(long bytes) {
    return new PageStoreOptions(framePages, level, threads, bytes, copyFirst, maxKnownPages);
  }

  /** With copying before compressing, or not. */
  public PageStoreOptions withCopyFirst(boolean first) {
    return new PageStoreOptions(framePages, level, threads, bufferBytes, first, maxKnownPages);
  }

  /** With another number of pages that are remembered. */
  public PageStoreOptions withMaxKnownPages(int pages) {
    return new PageStoreOptions(framePages, level, threads, bufferBytes, copyFirst, pages);
  }
}
