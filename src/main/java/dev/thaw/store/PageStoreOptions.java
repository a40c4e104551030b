package dev.thaw.store;

/**
 * How a page store is written.
 *
 * @param framePages pages in a frame
 * @param level of zstd; negative ones are faster
 * @param threads that compress
 * @param earlyThreads of these, how many compress before {@link PageStoreWriter#release}: while the
 *     target is frozen, the other cores are for those who copy its memory. When the buffers are
 *     used up, all threads begin
 * @param bufferBytes memory for pages that are put and not yet written: {@code put} waits while all
 *     of it is in use
 * @param maxKnownPages pages that are remembered to find equal ones, 32 to 64 bytes each; later
 *     pages are compared with these but not remembered
 */
public record PageStoreOptions(
    int framePages, int level, int threads, int earlyThreads, long bufferBytes, int maxKnownPages) {

  /** Frame size and level as measured: adr/0002-page-frames.md. */
  public static final PageStoreOptions DEFAULTS =
      forThreads(Runtime.getRuntime().availableProcessors());

  /**
   * What suits a dump. For a target that goes on running, its frozen time counts: as much of its
   * memory as possible is taken into buffers, and cores that do not read ({@link #readersForDump})
   * compress meanwhile. For one that ends, the whole time counts: then a few buffers that stay in
   * the cache are best. Figures in the same place.
   *
   * @param memoryBytes that the target holds; too small a number only makes it wait
   * @param availableBytes of memory that this machine, or this cgroup, has left
   */
  public static PageStoreOptions forDump(
      long memoryBytes, long availableBytes, boolean targetRunsOn) {
    if (!targetRunsOn) {
      return DEFAULTS;
    }
    long bytes = Math.min(memoryBytes + DEFAULTS.bufferBytes, availableBytes / 2);
    return DEFAULTS
        .withThreads(DEFAULTS.threads, DEFAULTS.threads - readersForDump(true))
        .withBufferBytes(Math.max(bytes, DEFAULTS.bufferBytes));
  }

  /**
   * How many threads read the pages of a dump: for a target that goes on running, up to four, and
   * the others compress; for one that ends, one for every four that compress, which are slower by
   * that.
   */
  public static int readersForDump(boolean targetRunsOn) {
    return targetRunsOn ? Math.min(4, DEFAULTS.threads) : Math.max(1, DEFAULTS.threads / 4);
  }

  private static PageStoreOptions forThreads(int threads) {
    return new PageStoreOptions(16, -1, threads, threads, 64L << 20, 1 << 22);
  }

  /** Validates. */
  public PageStoreOptions {
    if (framePages < 1 || framePages > FrameIndex.MAX_FRAME_PAGES) {
      throw new IllegalArgumentException("frames of " + framePages + " pages");
    }
    if (threads < 1 || earlyThreads < 0 || bufferBytes < 0 || maxKnownPages < 0) {
      throw new IllegalArgumentException(
          threads
              + " threads, "
              + earlyThreads
              + " early, "
              + bufferBytes
              + " bytes, "
              + maxKnownPages
              + " pages");
    }
  }

  /** With another frame size. */
  public PageStoreOptions withFramePages(int pages) {
    return new PageStoreOptions(pages, level, threads, earlyThreads, bufferBytes, maxKnownPages);
  }

  /** With another zstd level. */
  public PageStoreOptions withLevel(int newLevel) {
    return new PageStoreOptions(
        framePages, newLevel, threads, earlyThreads, bufferBytes, maxKnownPages);
  }

  /**
   * With another number of threads.
   *
   * @param early of these, before {@link PageStoreWriter#release}
   */
  public PageStoreOptions withThreads(int count, int early) {
    return new PageStoreOptions(framePages, level, count, early, bufferBytes, maxKnownPages);
  }

  /** With other memory for pages that wait. */
  public PageStoreOptions withBufferBytes(long bytes) {
    return new PageStoreOptions(framePages, level, threads, earlyThreads, bytes, maxKnownPages);
  }

  /** With another number of pages that are remembered. */
  public PageStoreOptions withMaxKnownPages(int pages) {
    return new PageStoreOptions(framePages, level, threads, earlyThreads, bufferBytes, pages);
  }
}
