package dev.thaw.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The cells of one VMA while they are counted. */
final class VmaCells {
  private static final int FIELDS = 5;
  private static final int FIRST_MICROS = 0;
  private static final int TOUCHED = 1;
  private static final int KINDS = 2;
  private static final long NEVER = -1;

  private final long firstPage;
  private final long pagesPerCell;
  private final long[][] cells;

  /**
   * Cells without content.
   *
   * @param firstPage number in its pagemap of the VMA's first page
   */
  VmaCells(long firstPage, long pages, long pagesPerCell) {
    this.firstPage = firstPage;
    this.pagesPerCell = pagesPerCell;
    this.cells = new long[Math.toIntExact((pages + pagesPerCell - 1) / pagesPerCell)][FIELDS];
    for (long[] cell : cells) {
      cell[FIRST_MICROS] = NEVER;
    }
  }

  void hold(long page, HeldPages.Kind kind) {
    cellOf(page)[KINDS + kind.ordinal()]++;
  }

  void touch(long page, long nanos) {
    long[] cell = cellOf(page);
    long micros = nanos / 1000;
    if (cell[FIRST_MICROS] == NEVER || micros < cell[FIRST_MICROS]) {
      cell[FIRST_MICROS] = micros;
    }
    cell[TOUCHED]++;
  }

  private long[] cellOf(long page) {
    return cells[(int) ((page - firstPage) / pagesPerCell)];
  }

  long held(HeldPages.Kind kind) {
    return Arrays.stream(cells).mapToLong(cell -> cell[KINDS + kind.ordinal()]).sum();
  }

  long touched() {
    return Arrays.stream(cells).mapToLong(cell -> cell[TOUCHED]).sum();
  }

  /** Runs of equal cells, each with its length in front. */
  List<long[]> runs() {
    List<long[]> runs = new ArrayList<>();
    long[] last = null;
    for (long[] cell : cells) {
      if (last == null || !Arrays.equals(last, 1, last.length, cell, 0, FIELDS)) {
        last = new long[1 + FIELDS];
        System.arraycopy(cell, 0, last, 1, FIELDS);
        runs.add(last);
      }
      last[0]++;
    }
    return runs;
  }
}
