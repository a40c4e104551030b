package dev.thaw.pager;

/**
 * A registered VMA of a process.
 *
 * @param start address, as is {@code end}: {@code [start, end)}
 * @param backing what {@link PagerSession#addBacking} returned
 * @param firstPage page of the backing at {@code start}
 */
public record SpaceVma(long start, long end, int backing, long firstPage, VmaKind kind) {
  public SpaceVma {
    if (start < 0 || start >= end || ((start | end) & 4095) != 0 || firstPage < 0) {
      throw new IllegalArgumentException(
          String.format("vma %#x-%#x at page %d", start, end, firstPage));
    }
  }

  /** Length in pages. */
  long pageCount() {
    return (end - start) >> 12;
  }
}
