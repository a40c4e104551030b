package dev.thaw.restore;

/** What becomes of private anonymous memory. */
public enum MemoryMode {
  /** A private mapping of a memfd: clean pages are shared, start-up is paid per page touched. */
  SHARE,
  /** True anonymous memory, filled by UFFDIO_COPY as it is touched and in the background. */
  EXACT,
  /**
   * Like {@link #EXACT}, except for what the processes of the tree share copy-on-write: that stays
   * a mapping of one memfd.
   */
  GRADUATE,
  /** True anonymous memory, all of it there before the tree runs; no pager. */
  EAGER
}
