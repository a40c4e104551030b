package dev.thaw.dump;

import dev.thaw.linux.PagemapScan;
import java.io.IOException;
import java.util.List;

/**
 * Pages of a tree that was itself restored and whose pager has not installed them yet: they are in no
 * page table, so a scan does not find them, but they belong to the process. Reading them through
 * process_vm_readv(2) lets the pager supply them.
 */
interface LazyPages {
  /** A tree that nobody restored: what is present is all there is. */
  LazyPages NONE = (pid, start, end, present) -> present;

  /** The ranges of {@code [start, end)} that are present or still to come; ascending. */
  List<PagemapScan.Range> merge(int pid, long start, long end, List<PagemapScan.Range> present)
      throws IOException;
}
