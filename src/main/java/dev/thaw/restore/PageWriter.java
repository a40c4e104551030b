package dev.thaw.restore;

import dev.thaw.linux.ProcessVm;
import dev.thaw.store.PageSource;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Writes pages of the store into a process under construction. Not thread safe. */
final class PageWriter {
  private static final int PAGE = PageSource.PAGE_BYTES;
  private static final int ZERO_PAGES = 64;

  /** Nobody writes to it. */
  private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(ZERO_PAGES * PAGE);

  private final PageSource pages;
  private ByteBuffer frame; // with the first page that is not zero
  private long inBuffer = -1;

  PageWriter(PageSource pages) {
    this.pages = pages;
  }

  /** Takes what follows at an address. */
  interface Sink {
    /**
     * Takes one piece.
     *
     * @param bytes direct, what remains; its memory is used again after the call
     */
    void put(long address, ByteBuffer bytes) throws IOException;
  }

  /** Writes the pages of {@code run}, keyed by address &gt;&gt; 12, to {@code pid}. */
  void write(int pid, PagemapRun run) throws IOException {
    read(run, (address, bytes) -> ProcessVm.write(pid, address, bytes));
  }

  /** Reads the pages of {@code run}, in order. */
  void read(PagemapRun run, Sink sink) throws IOException {
    long done = 0;
    while (done < run.pageCount()) {
      long address = (run.firstPage() + done) * PAGE;
      ByteBuffer from;
      long count;
      if (run.zero()) {
        count = Math.min(ZERO_PAGES, run.pageCount() - done);
        from = ZEROS.duplicate().limit((int) count * PAGE);
      } else {
        long storePage = run.firstStorePage() + done;
        int first = (int) (storePage % pages.framePages());
        count = Math.min(pages.framePages() - first, run.pageCount() - done);
        from = frameOf(storePage);
        from.limit((first + (int) count) * PAGE).position(first * PAGE);
      }
      sink.put(address, from);
      done += count;
    }
  }

  private ByteBuffer frameOf(long storePage) throws IOException {
    if (frame == null) {
      frame = ByteBuffer.allocateDirect(pages.framePages() * PAGE);
    }
    long number = pages.frameOf(storePage);
    if (number != inBuffer) {
      inBuffer = -1;
      frame.clear();
      pages.readFrame(number, frame);
      inBuffer = number;
    }
    return frame.duplicate();
  }
}
