package dev.thaw.restore;

/** What becomes of private anonymous memory. */
public enum MemoryMode {
  /** A private mapping of a memfd: clean pages are shared, start-up is paid per page touched. */
  SHARE,
  /** True anonymous memory, filled by UFFDIO_COPY as it is touched and in the background. */
  EXACT,
  /** True anonymous memory, all of it there before the tree runs; no pager. */
  EAGER
}
