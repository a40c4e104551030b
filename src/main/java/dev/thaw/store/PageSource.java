package dev.thaw.store;

import java.nio.ByteBuffer;

/**
 * Pages at rest, numbered from 0 and kept in frames of {@link #framePages()} pages: the unit in
 * which they are read, since a frame is decompressed as a whole. Thread safe.
 */
public interface PageSource {
  /** Bytes of a page. */
  int PAGE_BYTES = 4096;

  /** Pages held. */
  long pageCount();

  /** Pages in every frame but the last, which may hold fewer. */
  int framePages();

  /** The frame that holds {@code storePage}. */
  default long frameOf(long storePage) {
    if (storePage < 0 || storePage >= pageCount()) {
      throw new IndexOutOfBoundsException("page " + storePage + " of " + pageCount());
    }
    return storePage / framePages();
  }

  /** Frames held. */
  default long frameCount() {
    return (pageCount() + framePages() - 1) / framePages();
  }

  /** Pages in {@code frame}. */
  default int pagesIn(long frame) {
    return (int) Math.min(framePages(), pageCount() - frame * framePages());
  }

  /**
   * Reads {@code frame} whole: its pages go to {@code out} at its position, which moves behind
   * them. May be called by many threads at once.
   *
   * @param out direct, with room for the frame
   * @throws CorruptFrameException if the pages cannot be had, for whatever reason; {@code out} then
   *     holds nothing of value and its position has not moved
   */
  void readFrame(long frame, ByteBuffer out) throws CorruptFrameException;
}
