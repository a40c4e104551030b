package dev.thaw.restore;

import dev.thaw.linux.ProcessVm;
import dev.thaw.store.PageSource;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Writes pages of the store into a process under construction. */
final class PageWriter {
  private static final int PAGE = PageSource.PAGE_BYTES;

  private final PageSource pages;
  private final ByteBuffer frame;
  private final ByteBuffer zeros = ByteBuffer.allocateDirect(64 * PAGE);
  private long inBuffer = -1;

  PageWriter(PageSource pages) {
    this.pages = pages;
    this.frame = ByteBuffer.allocateDirect(pages.framePages() * PAGE);
  }

  /** Writes the pages of {@code run}, keyed by address &gt;&gt; 12, to {@code pid}. */
  void write(int pid, PagemapRun run) throws IOException {
    long done = 0;
    while (done < run.pageCount()) {
      long address = (run.firstPage() + done) * PAGE;
      ByteBuffer from;
      long count;
      if (run.zero()) {
        count = Math.min(64, run.pageCount() - done);
        from = zeros.duplicate().limit((int) count * PAGE);
      } else {
        long storePage = run.firstStorePage() + done;
        int first = (int) (storePage % pages.framePages());
        count = Math.min(pages.framePages() - first, run.pageCount() - done);
        from = frameOf(storePage);
        from.limit((first + (int) count) * PAGE).position(first * PAGE);
      }
      ProcessVm.write(pid, address, from);
      done += count;
    }
  }

  private ByteBuffer frameOf(long storePage) throws IOException {
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
