package dev.thaw.dump;

import dev.thaw.linux.PagemapScan;
import dev.thaw.pager.PendingPages;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Pages of a tree that was itself restored and whose pager has not installed them yet: they are in
 * no page table, so a scan does not find them, but they belong to the process. Reading them through
 * process_vm_readv(2) lets the pager supply them.
 */
final class LazyPages {
  private static final Duration FILL_LIMIT = Duration.ofMinutes(10);

  private final Optional<PendingPages> pending;

  private LazyPages(Optional<PendingPages> pending) {
    this.pending = pending;
  }

  /** Of the tree whose root is {@code rootPid}; nothing where nobody restored it. */
  static LazyPages of(int rootPid) throws IOException {
    return new LazyPages(PendingPages.of(rootPid));
  }

  /** Waits, before the tree is frozen, until what it shares can be read through its memfds. */
  static void awaitFilled(int rootPid) throws IOException {
    PendingPages.awaitFilled(rootPid, FILL_LIMIT);
  }

  /**
   * Refuses a tree whose memory is served by nobody that can be asked: the pages that it lacks
   * would be missing from the checkpoint, without a word.
   *
   * @param processes that have been looked at
   */
  static void requireKnown(int rootPid, List<ProcessDump> processes) throws IOException {
    Optional<ProcessDump> served = processes.stream().filter(ProcessDump::isServed).findFirst();
    if (served.isPresent() && PendingPages.of(rootPid).isEmpty()) {
      throw new UnsupportedResourceException(
          served.get().pid(),
          "memory that comes as it is touched",
          "who serves it is not found, so what has not come yet would be lost; was thaw-init"
              + " killed? End the program and restore it from its checkpoint");
    }
  }

  /** Where an absent page is, for which no fault can be taken. */
  PendingPages.Held held(int pid, long address) throws IOException {
    return pending.isEmpty() ? PendingPages.Held.UNKNOWN : pending.get().held(pid, address);
  }

  /** The ranges of {@code [start, end)} that are present or still to come; ascending, apart. */
  List<PagemapScan.Range> merge(long start, long end, List<PagemapScan.Range> present) {
    if (pending.isEmpty()) {
      return present;
    }
    List<PagemapScan.Range> all = new ArrayList<>(present);
    for (PendingPages.Range range : pending.get().within(start, end)) {
      all.add(new PagemapScan.Range(range.start(), range.end()));
    }
    all.sort(Comparator.comparingLong(PagemapScan.Range::start));
    List<PagemapScan.Range> joined = new ArrayList<>();
    for (PagemapScan.Range range : all) {
      int last = joined.size() - 1;
      if (last >= 0 && joined.get(last).end() >= range.start()) {
        long to = Math.max(joined.get(last).end(), range.end());
        joined.set(last, new PagemapScan.Range(joined.get(last).start(), to));
      } else {
        joined.add(range);
      }
    }
    return joined;
  }
}
