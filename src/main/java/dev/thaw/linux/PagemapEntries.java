package dev.thaw.linux;

import java.util.List;

/**
 * What {@link PagemapScan} tells, from the words of /proc/PID/pagemap itself: for kernels before
 * 6.7. The shared zero page is not told from others, and guard markers, which those kernels do not
 * have, are not found.
 *
 * <p>Documentation/admin-guide/mm/pagemap.rst: 64 bits a page, bit 61 for one of a file or shmem,
 * 62 swapped, 63 present.
 */
final class PagemapEntries {
  private static final int FILE_BIT = 61;
  private static final int SWAPPED_BIT = 62;
  private static final int PRESENT_BIT = 63;
  private static final int PAGE_SHIFT = 12;
  private static final int CHUNK_PAGES = 4096;

  private PagemapEntries() {}

  /** As {@link PagemapScan#scan}. */
  static void scan(Fd pagemap, int pid, PagemapScan.Wanted wanted, List<PagemapScan.Range> found)
      throws SyscallException {
    long end = wanted.end() >>> PAGE_SHIFT;
    try (Scratch words = Scratch.of(8L * CHUNK_PAGES)) {
      for (long page = wanted.start() >>> PAGE_SHIFT; page < end; page += CHUNK_PAGES) {
        int count = (int) Math.min(CHUNK_PAGES, end - page);
        read(pagemap, pid, page, count, words);
        for (int i = 0; i < count; i++) {
          long categories = categories(words.getLong(8L * i));
          if ((categories & wanted.anyOf()) != 0 && (categories & wanted.noneOf()) == 0) {
            long address = page + i << PAGE_SHIFT;
            PagemapScan.add(found, address, address + (1 << PAGE_SHIFT));
          }
        }
      }
    }
  }

  private static void read(Fd pagemap, int pid, long page, int count, Scratch into)
      throws SyscallException {
    long done = LibC.pread(pagemap.number(), into, 8L * count, 8 * page);
    if (done != 8L * count) {
      throw new SyscallException(
          String.format("pread(/proc/%d/pagemap, page %#x + %d)", pid, page, count),
          done < 0 ? LibC.errno() : Errno.EIO.code());
    }
  }

  private static long categories(long word) {
    return (word >>> PRESENT_BIT & 1) * PagemapScan.PAGE_IS_PRESENT
        | (word >>> SWAPPED_BIT & 1) * PagemapScan.PAGE_IS_SWAPPED
        | (word >>> FILE_BIT & 1) * PagemapScan.PAGE_IS_FILE;
  }
}
