package dev.thaw.pager;

/**
 * What to do about a page fault: the specification of {@code native/pager/decide.c}, which answers
 * them. A pure function of the fault, of the page's state and of how the memory is backed; a test
 * holds the two together on every combination.
 */
enum Decision {
  /** Map the page that the memfd holds. */
  CONTINUE,
  /** Copy it. */
  COPY,
  /** A page of zeros. */
  ZEROPAGE,
  /** Ask the filler for the page, then decide again. */
  FILL_FIRST,
  /** The page cannot be supplied: whoever touches it gets SIGBUS. */
  POISON;

  static final int KIND_PRIVATE = 0;
  static final int KIND_SHARED = 1;
  static final int KIND_ANON = 2;
  static final int KIND_ZERO = 3;

  /**
   * A page fault on a registered page.
   *
   * @param minor the memfd holds a page there (which may be in the middle of being written)
   * @param hole an install has just found that it does not
   */
  record Fault(boolean minor, boolean hole) {}

  /**
   * Decides.
   *
   * @param page {@code Tables.PAGE_*}: of the page in its backing
   * @param space {@code Tables.SPACE_*}: of the page in the process
   */
  static Decision of(Fault fault, int page, int space, int kind) {
    boolean content = (page & Tables.PAGE_HAS_CONTENT) != 0;
    boolean dropped = (space & Tables.SPACE_DROPPED) != 0;
    return switch (kind) {
      case KIND_ZERO -> ZEROPAGE;
      case KIND_SHARED -> content ? sharedContent(fault, page) : sharedHole(fault);
      default -> dropped || !content ? ZEROPAGE : privateContent(fault, page, space, kind);
    };
  }

  /** Never had content. What is there now was written through a descriptor, and is content too. */
  private static Decision sharedHole(Fault fault) {
    return fault.minor() && !fault.hole() ? CONTINUE : ZEROPAGE;
  }

  private static Decision sharedContent(Fault fault, int page) {
    Decision unfilled = notFilled(page);
    if (unfilled != null) {
      return unfilled;
    }
    // It was filled and is a hole now: the program punched it (MADV_REMOVE).
    return fault.hole() ? ZEROPAGE : CONTINUE;
  }

  private static Decision privateContent(Fault fault, int page, int space, int kind) {
    Decision unfilled = notFilled(page);
    if (unfilled != null) {
      return unfilled;
    }
    if (kind == KIND_ANON) {
      // An entry of anonymous memory goes away only if the process drops the page; there is a way
      // to do that without an event, MADV_GUARD_INSTALL.
      return (space & Tables.SPACE_INSTALLED) != 0 ? ZEROPAGE : COPY;
    }
    return fault.hole() ? FILL_FIRST : CONTINUE;
  }

  /** The decision on a page whose content is not in the memfd, or null if it is. */
  private static Decision notFilled(int page) {
    if ((page & Tables.PAGE_POISONED) != 0) {
      return POISON;
    }
    return (page & Tables.PAGE_FILLED) == 0 ? FILL_FIRST : null;
  }
}
