package dev.thaw.report;

import dev.thaw.store.PagemapRun;
import java.util.BitSet;
import java.util.List;

/** The pages of one pagemap, and which of them are equal to others. */
final class HeldPages {
  private final List<PagemapRun> runs;

  /** Number of the first page of each run, counted over all runs. */
  private final int[] ordinals;

  private final BitSet duplicates = new BitSet();

  /** How the checkpoint holds a page. */
  enum Kind {
    STORED,
    /** Equal to a page that is stored for another place. */
    DUPLICATE,
    ZERO
  }

  /** What is told of each page. */
  interface Visitor {
    void held(long page, Kind kind);
  }

  /**
   * Looks at a pagemap.
   *
   * @param seen the store pages of the pagemaps before; those of this one are added
   */
  HeldPages(List<PagemapRun> runs, BitSet seen) {
    this.runs = runs;
    this.ordinals = new int[runs.size()];
    int ordinal = 0;
    for (int i = 0; i < runs.size(); i++) {
      PagemapRun run = runs.get(i);
      ordinals[i] = ordinal;
      for (int page = 0; page < run.pageCount() && !run.zero(); page++) {
        int stored = Math.toIntExact(run.firstStorePage() + page);
        if (seen.get(stored)) {
          duplicates.set(ordinal + page);
        }
        seen.set(stored);
      }
      ordinal = Math.addExact(ordinal, Math.toIntExact(run.pageCount()));
    }
  }

  /** Visits the pages of {@code [from, end)} that the checkpoint holds, ascending. */
  void forEach(long from, long end, Visitor visitor) {
    for (int i = firstEndingAfter(from); i < runs.size(); i++) {
      PagemapRun run = runs.get(i);
      if (run.firstPage() >= end) {
        return;
      }
      long last = Math.min(end, run.endPage());
      for (long page = Math.max(from, run.firstPage()); page < last; page++) {
        visitor.held(page, kind(i, page));
      }
    }
  }

  private Kind kind(int run, long page) {
    if (runs.get(run).zero()) {
      return Kind.ZERO;
    }
    int ordinal = ordinals[run] + (int) (page - runs.get(run).firstPage());
    return duplicates.get(ordinal) ? Kind.DUPLICATE : Kind.STORED;
  }

  private int firstEndingAfter(long page) {
    int low = 0;
    int high = runs.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (runs.get(middle).endPage() <= page) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
