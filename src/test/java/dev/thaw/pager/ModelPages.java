package dev.thaw.pager;

import dev.thaw.store.CorruptFrameException;
import dev.thaw.store.PageSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The pages of {@code native/pager-test/model.h}: every page's content follows from the seed and
 * its number, some frames cannot be read, reading may be slow.
 */
final class ModelPages implements PageSource {
  static final int FRAME_PAGES = 16;
  private final long seed;
  private final long pageCount;
  private final int corruptPerMille;
  private final long delayNanos;

  ModelPages(long seed, long pageCount, int corruptPerMille, long delayNanos) {
    this.seed = seed;
    this.pageCount = pageCount;
    this.corruptPerMille = corruptPerMille;
    this.delayNanos = delayNanos;
  }

  static long mix(long input) {
    long x = input + 0x9e3779b97f4a7c15L;
    x = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
    x = (x ^ (x >>> 27)) * 0x94d049bb133111ebL;
    return x ^ (x >>> 31);
  }

  boolean hasContent(long storePage) {
    return Long.remainderUnsigned(mix(seed ^ (storePage / 4)), 4) != 0;
  }

  boolean isCorrupt(long frame) {
    return Long.remainderUnsigned(mix(~seed ^ frame), 1000) < corruptPerMille;
  }

  /** The content of a range of pages, as extents into a slot that begins at {@code firstPage}. */
  List<Extent> extents(long firstPage, long firstStorePage, long count) {
    List<Extent> extents = new ArrayList<>();
    long from = 0;
    while (from < count) {
      long to = from;
      while (to < count && hasContent(firstStorePage + to)) {
        to++;
      }
      if (to > from) {
        extents.add(new Extent(firstPage + from, to - from, firstStorePage + from));
      }
      from = to + 1;
    }
    return extents;
  }

  @Override
  public long pageCount() {
    return pageCount;
  }

  @Override
  public int framePages() {
    return FRAME_PAGES;
  }

  @Override
  public void readFrame(long frame, ByteBuffer out) throws CorruptFrameException {
    long until = System.nanoTime() + delayNanos;
    while (System.nanoTime() < until) {
      Thread.onSpinWait();
    }
    if (isCorrupt(frame)) {
      throw new CorruptFrameException(
          "model", frame, frame * FRAME_PAGES, pagesIn(frame), "made so", null);
    }
    ByteBuffer words = out.order(ByteOrder.nativeOrder());
    long first = frame * FRAME_PAGES * 512;
    for (long word = first; word < first + pagesIn(frame) * 512L; word++) {
      words.putLong(mix(seed + word));
    }
  }
}
