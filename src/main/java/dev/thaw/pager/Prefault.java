package dev.thaw.pager;

import dev.thaw.linux.Fd;
import dev.thaw.linux.Memfd;
import dev.thaw.linux.PrefaultRuns;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntFunction;

/**
 * Fills a working set while the tree is being built, and installs it before the tree runs. Until
 * thaw-pager serves nobody reads the userfaultfds, so it may install from here. What fails is left
 * to the faults. One thread.
 */
final class Prefault implements AutoCloseable {
  private static final int NOTHING = -1;

  private final SessionTable table;

  /** Ascending. */
  private final long[] wanted;

  private final List<CompletableFuture<Void>> fills = new ArrayList<>();
  private final List<Space> spaces = new ArrayList<>();

  private record Space(int number, Fd uffd, Fd spaceTable, List<SpaceTable.IndexedVma> vmas) {}

  /**
   * @param indices none twice
   */
  Prefault(SessionTable table, long[] indices) {
    this.table = table;
    wanted = indices.clone();
    Arrays.sort(wanted);
  }

  /** Has the frames of these pages filled ahead of all others, in this order. */
  void fill(FrameMap map, Filler filler, long[] indices) {
    Set<Integer> frames = new HashSet<>();
    for (long index : indices) {
      int frame = map.frameOf(index);
      if (frame >= 0 && frames.add(frame)) {
        fills.add(filler.demand(frame, false, false));
      }
    }
  }

  /** An address space to install in. Takes ownership of both descriptors. */
  void add(int number, Fd uffd, Fd spaceTable, List<SpaceTable.IndexedVma> vmas) {
    spaces.add(new Space(number, uffd, spaceTable, vmas));
  }

  /**
   * Waits for the pages and installs them everywhere they are mapped.
   *
   * @param memfds by the number of the backing
   */
  void install(IntFunction<Memfd> memfds) {
    for (CompletableFuture<Void> fill : fills) {
      try {
        fill.join();
      } catch (CompletionException e) {
        // Its pages are not FILLED; who touches one hears of it.
      }
    }
    for (Space space : spaces) {
      PrefaultRuns runs = new PrefaultRuns();
      for (SpaceTable.IndexedVma vma : space.vmas()) {
        if (vma.index() != Tables.NO_INDEX) {
          add(runs, vma, memfds.apply(vma.vma().backing()));
        }
      }
      table.addCounter(
          space.number(),
          Tables.Counter.PREFAULTED,
          runs.install(space.uffd(), space.spaceTable()));
    }
  }

  private void add(PrefaultRuns runs, SpaceTable.IndexedVma vma, Memfd memfd) {
    long end = vma.index() + vma.vma().pageCount();
    int at = Arrays.binarySearch(wanted, vma.index());
    at = at >= 0 ? at : -at - 1;
    while (at < wanted.length && wanted[at] < end) {
      int from = at;
      int kind = kind(vma.vma(), wanted[at]);
      while (at < wanted.length
          && wanted[at] < end
          && wanted[at] == wanted[from] + at - from
          && kind(vma.vma(), wanted[at]) == kind) {
        at++;
      }
      if (kind != NOTHING) {
        long skipped = wanted[from] - vma.index();
        runs.add(
            vma.vma().start() + skipped * Memfd.PAGE_BYTES,
            at - from,
            wanted[from],
            vma.vma().firstPage() + skipped,
            memfd,
            kind);
      }
    }
  }

  /** What to install for the page: content that is there, or the zeros of private memory. */
  private int kind(SpaceVma vma, long index) {
    int page = table.page(index);
    if ((page & Tables.PAGE_HAS_CONTENT) == 0) {
      return vma.kind() == VmaKind.SHARED ? NOTHING : Tables.VMA_ZERO;
    }
    boolean there = (page & Tables.PAGE_FILLED) != 0 && (page & Tables.PAGE_POISONED) == 0;
    return there ? vma.kind().code() : NOTHING;
  }

  @Override
  public void close() {
    for (Space space : spaces) {
      space.uffd().close();
      space.spaceTable().close();
    }
    spaces.clear();
  }
}
