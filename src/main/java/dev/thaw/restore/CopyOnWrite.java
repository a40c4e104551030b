package dev.thaw.restore;

import dev.thaw.store.PagemapRun;
import java.util.ArrayList;
import java.util.List;

/**
 * How the pages of a child's VMA differ from those of its ancestor's at the same addresses. Where
 * most are equal the child maps the ancestor's part of the memfd, so that they exist once, as they
 * did before the dump. Page numbers are addresses &gt;&gt; 12.
 *
 * @param equalPages pages with the same content in both
 * @param written pages that the child holds with other content, or alone: written before it runs
 * @param blank pages that only the ancestor holds: the child reads zeros there
 */
record CopyOnWrite(long equalPages, List<PagemapRun> written, List<Blank> blank) {
  /** What is written delays the start, so it is bounded: 32 MiB take about 20 ms. */
  private static final long MOST_WRITTEN_PAGES = 8192;

  /** Pages that read as zeros. */
  record Blank(long firstPage, long pageCount) {}

  /**
   * Compares.
   *
   * @param ancestor its runs, ascending; those outside of the range are of no interest
   * @param child its runs, ascending
   * @param first first page of the child's VMA
   * @param end one past its last
   */
  static CopyOnWrite of(List<PagemapRun> ancestor, List<PagemapRun> child, long first, long end) {
    Cursor theirs = new Cursor(ancestor);
    Cursor ours = new Cursor(child);
    long equal = 0;
    List<PagemapRun> written = new ArrayList<>();
    List<Blank> blank = new ArrayList<>();
    for (long at = first; at < end; ) {
      long to = Math.min(end, Math.min(theirs.moveTo(at), ours.moveTo(at)));
      if (ours.holds(at)) {
        if (theirs.holds(at) && theirs.storePage(at) == ours.storePage(at)) {
          equal += to - at;
        } else {
          written.add(new PagemapRun(at, to - at, ours.storePage(at)));
        }
      } else if (theirs.holds(at)) {
        blank.add(new Blank(at, to - at));
      }
      at = to;
    }
    return new CopyOnWrite(equal, List.copyOf(written), List.copyOf(blank));
  }

  /** Whether sharing saves more pages than it costs, and does not hold up the start. */
  boolean pays() {
    long pages = written.stream().mapToLong(PagemapRun::pageCount).sum();
    return equalPages > 0 && pages <= equalPages && pages <= MOST_WRITTEN_PAGES;
  }

  /** Goes through runs, skipping those that are zero. */
  private static final class Cursor {
    private final List<PagemapRun> runs;
    private int next;

    Cursor(List<PagemapRun> runs) {
      this.runs = runs;
    }

    /** Goes on to {@code page}; returns where what holds there ends. */
    long moveTo(long page) {
      while (next < runs.size() && (runs.get(next).endPage() <= page || runs.get(next).zero())) {
        next++;
      }
      if (next == runs.size()) {
        return Long.MAX_VALUE;
      }
      return holds(page) ? runs.get(next).endPage() : runs.get(next).firstPage();
    }

    boolean holds(long page) {
      return next < runs.size() && runs.get(next).firstPage() <= page;
    }

    long storePage(long page) {
      return runs.get(next).firstStorePage() + page - runs.get(next).firstPage();
    }
  }
}
