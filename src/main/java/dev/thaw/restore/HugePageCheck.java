package dev.thaw.restore;

import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.Vma;
import dev.thaw.proc.SysVShm;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Whether there are enough huge pages for a checkpoint: the kernel reserves them when they are
 * mapped, except with MAP_NORESERVE, where they count as they are filled. Pages that processes
 * shared copy-on-write after a fork count once for each, since each gets its own.
 */
final class HugePageCheck {
  private static final Path POOLS = Path.of("/sys/kernel/mm/hugepages");
  private static final int PAGE_SHIFT = 12;
  private static final String NORESERVE = "nr";

  private final Images images;
  private final Map<Long, Long> needed = new TreeMap<>();

  private HugePageCheck(Images images) {
    this.images = images;
  }

  /**
   * Counts.
   *
   * @throws RestoreRefusedException if there are too few
   */
  static void require(Images images) throws IOException {
    HugePageCheck check = new HugePageCheck(images);
    for (SharedMemory memory : images.files().sharedMemory()) {
      if (memory.isHuge() && !isThere(memory)) {
        check.add(memory.hugePageBytes(), check.pagesOf(memory));
      }
    }
    for (ProcessImage process : images.processes()) {
      List<PagemapRun> runs = images.runs(ProcessImage.pagemapName(process.pid()));
      for (Vma vma : process.mm().vmas()) {
        if (vma.backing() instanceof Vma.Backing.Huge huge && huge.privately()) {
          check.add(huge.pageBytes(), privatePages(vma, huge, runs));
        }
      }
    }
    for (Map.Entry<Long, Long> size : check.needed.entrySet()) {
      requireFree(size.getKey(), size.getValue());
    }
  }

  /** A System V segment that outlived its tree has its pages already. */
  private static boolean isThere(SharedMemory memory) throws IOException {
    return memory.kind() == SharedMemory.Kind.SYSV
        && SysVShm.find(Files.readString(SysVSegments.LIST), memory.sysv().id()).isPresent();
  }

  private void add(long pageBytes, long pages) {
    needed.merge(pageBytes, pages, Long::sum);
  }

  private long pagesOf(SharedMemory memory) {
    long huge = memory.hugePageBytes();
    List<Range> used = new ArrayList<>();
    for (PagemapRun run : images.runs(memory.pagemapName())) {
      if (!run.zero()) {
        used.add(Range.of(run.firstPage() << PAGE_SHIFT, run.pageCount() << PAGE_SHIFT, huge));
      }
    }
    if (memory.kind() == SharedMemory.Kind.SYSV) {
      used.add(Range.of(0, memory.sizeBytes(), huge));
    }
    for (ProcessImage process : images.processes()) {
      for (Vma vma : process.mm().vmas()) {
        if (vma.backing() instanceof Vma.Backing.Huge mapped
            && mapped.object() == memory.id()
            && !mapped.privately()
            && !vma.has(NORESERVE)) {
          used.add(Range.of(mapped.offsetBytes(), vma.bytes(), huge));
        }
      }
    }
    return count(used);
  }

  private static long privatePages(Vma vma, Vma.Backing.Huge huge, List<PagemapRun> runs) {
    if (!vma.has(NORESERVE)) {
      return vma.bytes() / huge.pageBytes();
    }
    List<Range> used = new ArrayList<>();
    for (PagemapRun run : runs) {
      long start = Math.max(run.firstPage() << PAGE_SHIFT, vma.start().value());
      long end = Math.min((run.firstPage() + run.pageCount()) << PAGE_SHIFT, vma.end().value());
      if (start < end && !(run.zero() && huge.anonymous())) {
        used.add(Range.of(start, end - start, huge.pageBytes()));
      }
    }
    return count(used);
  }

  /** Huge pages {@code [first, end)}. */
  private record Range(long first, long end) {
    static Range of(long startBytes, long lengthBytes, long pageBytes) {
      return new Range(startBytes / pageBytes, (startBytes + lengthBytes - 1) / pageBytes + 1);
    }
  }

  /** How many pages there are in at least one of {@code ranges}. */
  private static long count(List<Range> ranges) {
    ranges.sort(Comparator.comparingLong(Range::first));
    long pages = 0;
    long end = 0;
    for (Range range : ranges) {
      pages += Math.max(0, range.end() - Math.max(end, range.first()));
      end = Math.max(end, range.end());
    }
    return pages;
  }

  private static void requireFree(long pageBytes, long needed) throws IOException {
    Path pool = POOLS.resolve("hugepages-" + pageBytes / 1024 + "kB");
    if (!Files.isDirectory(pool)) {
      throw new RestoreRefusedException(
          "huge pages of "
              + pageBytes / 1024
              + " kB: this machine has none of that size; restore on one that has");
    }
    long surplus = number(pool, "nr_overcommit_hugepages") - number(pool, "surplus_hugepages");
    long free = number(pool, "free_hugepages") - number(pool, "resv_hugepages");
    long available = free + Math.max(0, surplus);
    if (needed > available) {
      throw new RestoreRefusedException(
          String.format(
              "huge pages of %d kB: %d are needed and %d are free; make more with"
                  + " echo %d > %s/nr_hugepages (vm.nr_hugepages)",
              pageBytes / 1024,
              needed,
              available,
              number(pool, "nr_hugepages") + needed - available,
              pool));
    }
  }

  private static long number(Path pool, String name) throws IOException {
    return Long.parseLong(Files.readString(pool.resolve(name)).strip());
  }
}
