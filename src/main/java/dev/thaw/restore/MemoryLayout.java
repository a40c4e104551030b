package dev.thaw.restore;

import dev.thaw.image.ProcessImage;
import dev.thaw.image.Vma;
import dev.thaw.pager.BackingSpec;
import dev.thaw.pager.Extent;
import dev.thaw.pager.Slot;
import dev.thaw.store.PagemapRun;
import java.util.ArrayList;
import java.util.List;

/**
 * Where each page of one process comes from: its VMAs with their treatment, and its private memfd.
 *
 * <pre>
 *   private memfd   | slot 0: VMA a | ... hole ... | slot 1: VMA b | ...
 *   byte offset     0               .              1 &lt;&lt; 47
 * </pre>
 *
 * The distance between the slots leaves each VMA room to grow by mremap(2) into a hole, which reads
 * as zero, instead of into its neighbour's pages.
 */
final class MemoryLayout {
  /** log2 of the distance between two slots, in bytes. A file ends at 2^63. */
  static final int SLOT_SHIFT = 47;

  private static final int PAGE_SHIFT = 12;
  private static final int MAX_SLOTS = 1 << (63 - SLOT_SHIFT);

  private final int pid;
  private final List<Area> areas = new ArrayList<>();
  private final List<Slot> slots = new ArrayList<>();
  private final List<Extent> content = new ArrayList<>();

  /**
   * One VMA.
   *
   * @param firstPage in the private memfd, for LAZY and COPY; else 0
   * @param runs its pages in the store, keyed by address &gt;&gt; 12
   */
  record Area(Vma vma, Treatment treatment, long firstPage, List<PagemapRun> runs) {
    /** The page of its backing at which it begins, where the pager serves it. */
    long servedPage() {
      return vma.backing() instanceof Vma.Backing.Shared shared
          ? shared.offsetBytes() >>> PAGE_SHIFT
          : firstPage;
    }

    /** First byte. */
    long start() {
      return vma.start().value();
    }

    /** One past the last byte. */
    long end() {
      return vma.end().value();
    }

    /** Length in bytes. */
    long bytes() {
      return vma.bytes();
    }
  }

  /**
   * Lays out one process.
   *
   * @param runs of its pagemap, ascending
   */
  MemoryLayout(ProcessImage process, List<PagemapRun> runs, MemoryMode mode) {
    this.pid = process.pid();
    RunCursor cursor = new RunCursor(runs);
    for (Vma vma : process.mm().vmas()) {
      add(vma, cursor.within(vma), mode);
    }
    cursor.requireDone(pid);
  }

  private void add(Vma vma, List<PagemapRun> runs, MemoryMode mode) {
    Treatment treatment = Treatment.of(vma, runs.stream().anyMatch(r -> !r.zero()), mode);
    long firstPage = 0;
    if (treatment == Treatment.LAZY || treatment == Treatment.COPY) {
      if (slots.size() == MAX_SLOTS) {
        throw new IllegalArgumentException("pid " + pid + ": more than " + MAX_SLOTS + " VMAs");
      }
      firstPage = (long) slots.size() << (SLOT_SHIFT - PAGE_SHIFT);
      slots.add(new Slot(firstPage, vma.pages()));
      long vmaPage = vma.start().value() >>> PAGE_SHIFT;
      for (PagemapRun run : runs) {
        if (!run.zero()) {
          long page = firstPage + run.firstPage() - vmaPage;
          content.add(new Extent(page, run.pageCount(), run.firstStorePage()));
        }
      }
    }
    areas.add(new Area(vma, treatment, firstPage, runs));
  }

  /** The process. */
  int pid() {
    return pid;
  }

  /** All VMAs, ascending. */
  List<Area> areas() {
    return areas;
  }

  /** Whether any memory of this process is in its private memfd. */
  boolean hasPrivateBacking() {
    return !slots.isEmpty();
  }

  /** The private memfd, for the pager. */
  BackingSpec privateBacking(String name) {
    return new BackingSpec(name, false, slots, content);
  }

  /** Pages that are written before the tree runs. Zeros count only where a file lies below. */
  List<PagemapRun> writtenRuns() {
    return areas.stream()
        .filter(a -> a.treatment().written())
        .flatMap(
            a -> a.runs().stream().filter(r -> !r.zero() || a.treatment() == Treatment.OVERLAY))
        .toList();
  }

  /** Splits ascending runs at the ends of ascending VMAs. */
  private static final class RunCursor {
    private final List<PagemapRun> runs;
    private int next;
    private long used;

    RunCursor(List<PagemapRun> runs) {
      this.runs = runs;
    }

    List<PagemapRun> within(Vma vma) {
      List<PagemapRun> found = new ArrayList<>();
      long first = vma.start().value() >>> PAGE_SHIFT;
      long end = vma.end().value() >>> PAGE_SHIFT;
      while (next < runs.size()) {
        PagemapRun run = runs.get(next);
        long from = run.firstPage() + used;
        if (from < first) {
          throw new IllegalArgumentException(
              "page 0x" + Long.toHexString(from << PAGE_SHIFT) + " lies in no VMA");
        }
        if (from >= end || end < 0) {
          break;
        }
        long count = Math.min(run.firstPage() + run.pageCount(), end) - from;
        long storePage = run.zero() ? PagemapRun.ZERO : run.firstStorePage() + used;
        found.add(new PagemapRun(from, count, storePage));
        used += count;
        if (used == run.pageCount()) {
          next++;
          used = 0;
        }
      }
      return found;
    }

    void requireDone(int pid) {
      if (next < runs.size()) {
        throw new IllegalArgumentException(
            "pid "
                + pid
                + ": page 0x"
                + Long.toHexString(runs.get(next).firstPage() << PAGE_SHIFT)
                + " lies in no VMA");
      }
    }
  }
}
