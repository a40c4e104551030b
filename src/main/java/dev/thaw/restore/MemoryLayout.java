package dev.thaw.restore;

import dev.thaw.image.ProcessImage;
import dev.thaw.image.Vma;
import dev.thaw.pager.BackingSpec;
import dev.thaw.pager.Extent;
import dev.thaw.pager.Slot;
import dev.thaw.store.PagemapRun;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Where each page of one process comes from: its VMAs with their treatment, and its private memfd.
 *
 * <pre>
 *   private memfd   | slot 0: VMA a | ... hole ... | slot 1: VMA b | ...
 *   byte offset     0               .              1 &lt;&lt; 47
 * </pre>
 *
 * The distance between the slots leaves each VMA room to grow by mremap(2) into a hole, which reads
 * as zero, instead of into its neighbour's pages. A child whose VMA holds much the same pages as
 * its parent's maps the parent's slot ({@link CopyOnWrite}).
 */
final class MemoryLayout {
  /** log2 of the distance between two slots, in bytes. A file ends at 2^63. */
  static final int SLOT_SHIFT = 47;

  private static final int PAGE_SHIFT = 12;
  private static final int MAX_SLOTS = 1 << (63 - SLOT_SHIFT);

  private final int pid;
  private final Optional<MemoryLayout> parent;
  private final List<Area> areas = new ArrayList<>();
  private final List<Slot> slots;

  /** The parts of the memfd that a child maps too, by their first page. */
  private final Set<Long> lent;

  /**
   * One VMA.
   *
   * @param owner the process whose private memfd is mapped here
   * @param firstPage in that memfd, for LAZY and COPY; else 0
   * @param runs its pages in the store, keyed by address &gt;&gt; 12
   * @param borrowed how its pages differ from the owner's, if that is another process
   */
  record Area(
      Vma vma,
      Treatment treatment,
      int owner,
      long firstPage,
      List<PagemapRun> runs,
      Optional<CopyOnWrite> borrowed) {
    /** The page of its backing at which it begins, where the pager serves it. */
    long servedPage() {
      return vma.backing() instanceof Vma.Backing.Shared shared
          ? shared.offsetBytes() >>> PAGE_SHIFT
          : firstPage;
    }

    /** Pages that are written before the tree runs. Zeros count only where a file lies below. */
    List<PagemapRun> writtenRuns() {
      if (borrowed.isPresent()) {
        return borrowed.get().written();
      }
      return treatment.written()
          ? runs.stream().filter(r -> !r.zero() || treatment == Treatment.OVERLAY).toList()
          : List.of();
    }

    /** Whether it has a slot in the memfd of its own process. */
    boolean hasSlot() {
      return paged(treatment) && borrowed.isEmpty();
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
   * @param parent the layout of its parent if that is in the tree
   */
  MemoryLayout(
      ProcessImage process, List<PagemapRun> runs, MemoryMode mode, Optional<MemoryLayout> parent) {
    this.pid = process.pid();
    this.parent = parent;
    slots = new ArrayList<>();
    lent = new HashSet<>();
    RunCursor cursor = new RunCursor(runs);
    for (Vma vma : process.mm().vmas()) {
      add(vma, cursor.within(vma), mode);
    }
    cursor.requireDone(pid);
  }

  private void add(Vma vma, List<PagemapRun> runs, MemoryMode mode) {
    Treatment treatment = Treatment.of(vma, runs.stream().anyMatch(r -> !r.zero()), mode);
    if (treatment == Treatment.LAZY) {
      Optional<Area> borrowed = borrow(vma, runs);
      if (borrowed.isPresent()) {
        areas.add(borrowed.get());
        return;
      }
    }
    long firstPage = paged(treatment) ? newSlot(vma) : 0;
    areas.add(new Area(vma, treatment, pid, firstPage, runs, Optional.empty()));
  }

  private static boolean paged(Treatment treatment) {
    return treatment == Treatment.LAZY || treatment == Treatment.COPY;
  }

  private long newSlot(Vma vma) {
    if (slots.size() == MAX_SLOTS) {
      throw new IllegalArgumentException("pid " + pid + ": more than " + MAX_SLOTS + " VMAs");
    }
    long firstPage = (long) slots.size() << (SLOT_SHIFT - PAGE_SHIFT);
    slots.add(new Slot(firstPage, vma.pages()));
    return firstPage;
  }

  /** The VMA as a mapping of what an ancestor has at the same addresses, if that pays. */
  private Optional<Area> borrow(Vma vma, List<PagemapRun> runs) {
    Area theirs = parent.flatMap(p -> p.covering(vma)).orElse(null);
    if (theirs == null) {
      return Optional.empty();
    }
    long first = vma.start().value() >>> PAGE_SHIFT;
    MemoryLayout owner = layoutOf(theirs.owner());
    Area original = owner.covering(vma).orElseThrow();
    CopyOnWrite difference =
        CopyOnWrite.of(original.runs(), runs, first, vma.end().value() >>> PAGE_SHIFT);
    if (!difference.pays()) {
      return Optional.empty();
    }
    owner.lent.add(original.firstPage());
    long page = original.firstPage() + first - (original.start() >>> PAGE_SHIFT);
    return Optional.of(
        new Area(vma, Treatment.LAZY, owner.pid, page, runs, Optional.of(difference)));
  }

  /** The area that is mapped from a memfd and has all of the addresses of {@code vma}. */
  private Optional<Area> covering(Vma vma) {
    return areas.stream()
        .filter(a -> a.treatment() == Treatment.LAZY)
        .filter(a -> a.start() <= vma.start().value() && vma.end().value() <= a.end())
        .findFirst();
  }

  private MemoryLayout layoutOf(int owner) {
    return owner == pid ? this : parent.orElseThrow().layoutOf(owner);
  }

  /** The same, but for what {@link #graduated} changes. */
  private MemoryLayout(MemoryLayout other) {
    pid = other.pid;
    parent = other.parent;
    slots = other.slots;
    lent = other.lent;
    for (Area a : other.areas) {
      boolean stays =
          a.treatment() != Treatment.LAZY
              || a.borrowed().isPresent()
              || lent.contains(a.firstPage());
      areas.add(
          stays
              ? a
              : new Area(a.vma(), Treatment.COPY, pid, a.firstPage(), a.runs(), a.borrowed()));
    }
  }

  /**
   * With true anonymous memory for what no other process shares; it has its slots and runs in
   * common with this one. After all layouts are made.
   */
  MemoryLayout graduated() {
    return new MemoryLayout(this);
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
    List<Extent> content = new ArrayList<>();
    for (Area area : areas) {
      if (area.hasSlot()) {
        long shift = area.firstPage() - (area.start() >>> PAGE_SHIFT);
        for (PagemapRun run : area.runs()) {
          if (!run.zero()) {
            long page = run.firstPage() + shift;
            content.add(new Extent(page, run.pageCount(), run.firstStorePage()));
          }
        }
      }
    }
    return new BackingSpec(name, false, slots, content);
  }

  /** Pages that are written before the tree runs. */
  List<PagemapRun> writtenRuns() {
    return areas.stream().flatMap(a -> a.writtenRuns().stream()).toList();
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
        found.add(count == run.pageCount() ? run : part(run, from, count));
        used += count;
        if (used == run.pageCount()) {
          next++;
          used = 0;
        }
      }
      return found;
    }

    private static PagemapRun part(PagemapRun run, long first, long count) {
      long storePage =
          run.zero() ? PagemapRun.ZERO : run.firstStorePage() + first - run.firstPage();
      return new PagemapRun(first, count, storePage);
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
