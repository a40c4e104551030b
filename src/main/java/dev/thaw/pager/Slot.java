package dev.thaw.pager;

/** A range of a memfd whose pages have entries in the tables: one VMA's part of it, in pages. */
public record Slot(long firstPage, long pageCount) {
  public Slot {
    if (firstPage < 0 || pageCount <= 0) {
      throw new IllegalArgumentException("slot " + firstPage + " + " + pageCount);
    }
  }
}
