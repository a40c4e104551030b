package dev.thaw.report;

import java.util.Arrays;

/**
 * How many pages a cell of the map is: one where there is room for that, else a power of two, the
 * same in all VMAs but very long ones.
 */
final class CellSize {
  /** What a browser draws without being slow, and people look through. */
  static final long MAX_CELLS = 24_000;

  static final long MAX_CELLS_OF_VMA = 8_192;

  private final long usual;

  private CellSize(long usual) {
    this.usual = usual;
  }

  /**
   * The least with which all of the map is not too much.
   *
   * @param vmaPages the lengths of all VMAs
   */
  static CellSize of(long[] vmaPages) {
    for (long pages = 1; ; pages *= 2) {
      CellSize size = new CellSize(pages);
      long cells = Arrays.stream(vmaPages).map(size::cells).sum();
      if (cells <= Math.max(MAX_CELLS, vmaPages.length)) {
        return size;
      }
    }
  }

  /** For a VMA of so many pages. */
  long pagesPerCell(long vmaPages) {
    long perCell = usual;
    while ((vmaPages + perCell - 1) / perCell > MAX_CELLS_OF_VMA) {
      perCell *= 2;
    }
    return perCell;
  }

  private long cells(long vmaPages) {
    long perCell = pagesPerCell(vmaPages);
    return (vmaPages + perCell - 1) / perCell;
  }
}
