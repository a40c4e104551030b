package dev.thaw;

/** What private anonymous memory becomes after a restore. */
public enum PrivateMemory {
  /** Private mappings of a memfd: pages that are only read are never copied. The default. */
  SHARE,
  /**
   * True anonymous memory, every page copied: for programs that need every semantic of it, such as
   * {@code MADV_FREE} or transparent huge pages.
   */
  EXACT
}
