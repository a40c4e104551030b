package dev.thaw.store;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Memory of a {@link PageStoreWriter} to read pages into: {@link PageStoreWriter#borrow} gives it,
 * {@link PageStoreWriter#submit} takes it back with its pages, without a copy. Several ranges may
 * share one. Used by one thread at a time.
 */
public final class PageBuffer {
  /** Bytes of every buffer: 256 pages, one huge page holds two. */
  public static final int BYTES = 1 << 20;

  /** Pages of every buffer. */
  public static final int PAGES = BYTES / PageSource.PAGE_BYTES;

  private final ByteBuffer bytes;
  private PageSink[] sinks = new PageSink[4];
  private long[] firstKeys = new long[4];
  private int[] ends = new int[4];
  private int ranges;
  private int pageCount;

  /** Its turn among all buffers. */
  long ticket;

  PageBuffer(ByteBuffer bytes) {
    this.bytes = bytes;
  }

  /** The memory; its position and limit mean nothing to the writer. */
  public ByteBuffer bytes() {
    return bytes;
  }

  /** Pages described so far; the next range goes behind them. */
  public int pageCount() {
    return pageCount;
  }

  /** Pages that have room. */
  public int freePages() {
    return PAGES - pageCount;
  }

  /**
   * Says what the next pages in the buffer are.
   *
   * @param sink gets their runs
   * @param firstKey number of the first of them in the sink's space
   * @param pages how many
   */
  public void add(PageSink sink, long firstKey, int pages) {
    if (pages < 1 || pages > freePages()) {
      throw new IllegalArgumentException(pages + " pages, there is room for " + freePages());
    }
    if (ranges == ends.length) {
      sinks = Arrays.copyOf(sinks, 2 * ranges);
      firstKeys = Arrays.copyOf(firstKeys, 2 * ranges);
      ends = Arrays.copyOf(ends, 2 * ranges);
    }
    pageCount += pages;
    sinks[ranges] = sink;
    firstKeys[ranges] = firstKey;
    ends[ranges++] = pageCount;
  }

  void clear() {
    Arrays.fill(sinks, null);
    ranges = 0;
    pageCount = 0;
  }

  /** Told of every page of a buffer. */
  interface Visitor {
    void page(int index, PageSink sink, long key);
  }

  void forEach(Visitor visitor) {
    int page = 0;
    for (int range = 0; range < ranges; range++) {
      long key = firstKeys[range];
      for (; page < ends[range]; page++) {
        visitor.page(page, sinks[range], key++);
      }
    }
  }
}
