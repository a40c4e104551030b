package dev.thaw.store;

/**
 * Consecutive pages of an address space, or of whatever a pagemap numbers, and where their content
 * is.
 *
 * @param firstPage number of the first page in the pagemap's space (its key)
 * @param pageCount how many pages, at least 1
 * @param firstStorePage number in the page store of the first page, the others follow it; or {@link
 *     #ZERO}
 */
public record PagemapRun(long firstPage, long pageCount, long firstStorePage) {
  /** Stands for a store page: every page of the run is zero. */
  public static final long ZERO = -1;

  /** Keys and counts stay below this, so sums of two never overflow. */
  static final long LIMIT = 1L << 60;

  /** Validates. */
  public PagemapRun {
    if (firstPage < 0 || firstPage >= LIMIT || pageCount <= 0 || pageCount >= LIMIT) {
      throw new IllegalArgumentException("run of " + pageCount + " pages at page " + firstPage);
    }
    if (firstStorePage < ZERO || firstStorePage >= LIMIT) {
      throw new IllegalArgumentException("store page " + firstStorePage);
    }
  }

  /** Whether every page of the run is zero. */
  public boolean zero() {
    return firstStorePage == ZERO;
  }

  /** The page after the last. */
  public long endPage() {
    return firstPage + pageCount;
  }

  /** Whether {@code next} goes on where this run ends, in the space and in the store. */
  boolean continuedBy(PagemapRun next) {
    return endPage() == next.firstPage
        && (zero() ? next.zero() : firstStorePage + pageCount == next.firstStorePage);
  }

  /** This run and {@code next}, which continues it. */
  PagemapRun joinedWith(PagemapRun next) {
    return new PagemapRun(firstPage, pageCount + next.pageCount, firstStorePage);
  }
}
