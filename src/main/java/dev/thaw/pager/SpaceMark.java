package dev.thaw.pager;

/**
 * What a process knows of pages of a backing before it runs.
 *
 * @param firstPage page of the backing, within one of its slots, as are all {@code pageCount}
 */
public record SpaceMark(int backing, long firstPage, long pageCount, Kind kind) {
  /** What is so about the pages. */
  public enum Kind {
    /** They read as zeros, whatever the backing holds. */
    DROPPED(Tables.SPACE_DROPPED),
    /** The process has them already. */
    INSTALLED(Tables.SPACE_INSTALLED);

    private final int bits;

    Kind(int bits) {
      this.bits = bits;
    }

    /** {@code enum thaw_space_bits}. */
    int bits() {
      return bits;
    }
  }

  public SpaceMark {
    if (firstPage < 0 || pageCount <= 0) {
      throw new IllegalArgumentException("mark of " + pageCount + " pages at page " + firstPage);
    }
  }
}
