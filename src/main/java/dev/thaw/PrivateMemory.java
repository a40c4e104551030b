package dev.thaw;

/** What private anonymous memory becomes after a restore. */
public enum PrivateMemory {
  /**
   * True anonymous memory, copied as it is touched and in the background. When all of it is there
   * the tree has its memory for itself, and no pager is behind it. What parent and child share
   * copy-on-write stays a mapping of one memfd, with a pager. The default.
   */
  GRADUATE,
  /** Private mappings of a memfd: pages that are only read are never copied. */
  SHARE,
  /** True anonymous memory throughout, also where parent and child shared it. */
  EXACT
}
