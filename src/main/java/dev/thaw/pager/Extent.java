package dev.thaw.pager;

/**
 * Content: pages that lie one after the other in a backing and in the store.
 *
 * @param firstPage page number in the memfd
 * @param firstStorePage page number in the {@link dev.thaw.store.PageSource}
 */
public record Extent(long firstPage, long pageCount, long firstStorePage) {
  public Extent {
    if (firstPage < 0 || pageCount <= 0 || firstStorePage < 0) {
      throw new IllegalArgumentException(
          "extent " + firstPage + " + " + pageCount + " from " + firstStorePage);
    }
  }
}
