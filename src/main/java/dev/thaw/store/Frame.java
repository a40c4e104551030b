package dev.thaw.store;

import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A frame that is being gathered. Pages are copied in by several threads; whoever brings the last
 * one compresses it.
 */
final class Frame {
  private final ByteBuffer bytes;
  private final AtomicInteger copiedPages = new AtomicInteger();
  private long number;

  Frame(int framePages) {
    bytes = ByteBuffer.allocateDirect(framePages * PageSource.PAGE_BYTES);
  }

  /** Begins anew as frame {@code newNumber}. */
  Frame restart(long newNumber) {
    number = newNumber;
    copiedPages.set(0);
    return this;
  }

  long number() {
    return number;
  }

  ByteBuffer bytes() {
    return bytes;
  }

  /** Copies pages in and returns how many the frame has then. */
  int copy(ByteBuffer source, int sourcePage, int page, int pageCount) {
    bytes.put(
        page * PageSource.PAGE_BYTES,
        source,
        sourcePage * PageSource.PAGE_BYTES,
        pageCount * PageSource.PAGE_BYTES);
    return copiedPages.addAndGet(pageCount);
  }

  int copiedPages() {
    return copiedPages.get();
  }
}
