package dev.thaw.pager;

/**
 * Where pages of a pagemap lie in a backing, one after the other in both.
 *
 * @param pagemap its name in the checkpoint
 * @param firstPage number in the pagemap
 * @param firstBackingPage number in the backing's memfd
 */
public record PagePlace(
    String pagemap, long firstPage, long pageCount, int backing, long firstBackingPage) {
  public PagePlace {
    if (firstPage < 0 || pageCount <= 0 || firstBackingPage < 0) {
      throw new IllegalArgumentException(
          pagemap + ": " + pageCount + " pages from " + firstPage + " at " + firstBackingPage);
    }
  }
}
