package dev.thaw.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.List;

/**
 * ioctl(PAGEMAP_SCAN) on /proc/PID/pagemap (Linux 6.7, Documentation/admin-guide/mm/pagemap.rst):
 * ranges of pages by category. 15 ns a page; empty page tables cost nothing. A kernel without it is
 * asked for each page: {@link PagemapEntries}.
 */
public final class PagemapScan implements AutoCloseable {
  /** Backed by a file, or by shmem. */
  public static final long PAGE_IS_FILE = 1 << 2;

  public static final long PAGE_IS_PRESENT = 1 << 3;
  public static final long PAGE_IS_SWAPPED = 1 << 4;

  /** The shared zero page. */
  public static final long PAGE_IS_PFNZERO = 1 << 5;

  /** A MADV_GUARD_INSTALL marker; Linux 6.15. */
  public static final long PAGE_IS_GUARD = 1 << 8;

  private static final long NR_IOCTL = 16;
  private static final long PAGEMAP_SCAN = 0xC0606610L;
  private static final int ARG_BYTES = 96;
  private static final int REGION_BYTES = 24;
  private static final int REGIONS = 4096;

  private final int pid;
  private final Fd pagemap;
  private final Memory arg = new Memory(ARG_BYTES);
  private final Memory regions = new Memory((long) REGIONS * REGION_BYTES);

  /** Whether the kernel has no PAGEMAP_SCAN: found out by the first that tries. */
  private static volatile boolean unknown;

  /** A range of addresses, {@code [start, end)}. */
  public record Range(long start, long end) {}

  /** Pages of {@code [start, end)} with a category of {@code anyOf} and none of {@code noneOf}. */
  record Wanted(long start, long end, long anyOf, long noneOf) {}

  /** Opens the pagemap of {@code pid}. */
  public PagemapScan(int pid) throws SyscallException {
    this.pid = pid;
    this.pagemap = Open.open("/proc/" + pid + "/pagemap", Open.O_RDONLY);
  }

  /**
   * The ranges of {@code [start, end)} whose pages have a category of {@code anyOf} and none of
   * {@code noneOf}.
   */
  public List<Range> scan(long start, long end, long anyOf, long noneOf) throws SyscallException {
    List<Range> found = new ArrayList<>();
    Wanted wanted = new Wanted(start, end, anyOf, noneOf);
    if (unknown || !scan(wanted, found)) {
      unknown = true;
      PagemapEntries.scan(pagemap, pid, wanted, found);
    }
    return found;
  }

  /** False, and nothing found, where the kernel does not know the call. */
  private boolean scan(Wanted wanted, List<Range> found) throws SyscallException {
    long from = wanted.start();
    long end = wanted.end();
    while (from < end) {
      arg.clear();
      arg.setLong(0, ARG_BYTES);
      arg.setLong(16, from);
      arg.setLong(24, end);
      arg.setLong(40, Pointer.nativeValue(regions));
      arg.setLong(48, REGIONS);
      arg.setLong(64, wanted.noneOf());
      arg.setLong(72, wanted.noneOf());
      arg.setLong(80, wanted.anyOf());
      arg.setLong(88, wanted.anyOf());
      long count =
          LibC.syscall(NR_IOCTL, pagemap.number(), PAGEMAP_SCAN, Pointer.nativeValue(arg), 0, 0, 0);
      if (count < 0 && Errno.of(LibC.errno()) == Errno.ENOTTY) {
        return false;
      }
      if (count < 0) {
        throw new SyscallException(
            String.format("ioctl(/proc/%d/pagemap, PAGEMAP_SCAN, %#x-%#x)", pid, from, end),
            LibC.errno());
      }
      for (int i = 0; i < count; i++) {
        add(found, regions.getLong(i * 24L), regions.getLong(i * 24L + 8));
      }
      long walked = arg.getLong(32);
      if (walked <= from) {
        throw new IllegalStateException(String.format("PAGEMAP_SCAN stood still at %#x", from));
      }
      // With a full vector, walk_end was seen to lie before the end of the last region.
      from = count == 0 ? walked : Math.max(walked, found.get(found.size() - 1).end());
    }
    return true;
  }

  /** Adds what follows the last one, to it where they touch. */
  static void add(List<Range> found, long start, long end) {
    int last = found.size() - 1;
    if (last >= 0 && found.get(last).end() == start) {
      found.set(last, new Range(found.get(last).start(), end));
    } else {
      found.add(new Range(start, end));
    }
  }

  @Override
  public void close() {
    pagemap.close();
    arg.close();
    regions.close();
  }
}
