package dev.thaw.pager;

import java.util.ArrayList;
import java.util.List;

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

  /**
   * Those that follow one another in the backing as one, wherever they lie in the store: one where
   * pages are equal has very many.
   */
  static List<Extent> joined(List<Extent> content) {
    List<Extent> joined = new ArrayList<>();
    for (Extent extent : content) {
      int at = joined.size() - 1;
      Extent last = at < 0 ? null : joined.get(at);
      if (last != null && last.firstPage + last.pageCount == extent.firstPage) {
        long pages = last.pageCount + extent.pageCount;
        joined.set(at, new Extent(last.firstPage, pages, last.firstStorePage));
      } else {
        joined.add(extent);
      }
    }
    return joined;
  }
}
