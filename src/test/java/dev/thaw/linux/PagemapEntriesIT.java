package dev.thaw.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.sun.jna.Pointer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What an old kernel would have to be asked, beside what this one answers. */
@Tag("kernel")
class PagemapEntriesIT {
  private static final int PAGES = 20_000;
  private static final long BYTES = (long) PAGES * Memfd.PAGE_BYTES;
  private static final int READ_WRITE = 3;
  private static final int SHARED = 1;
  private static final int PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
  private static final long HELD = PagemapScan.PAGE_IS_PRESENT | PagemapScan.PAGE_IS_SWAPPED;

  private static void assertSame(Pointer memory, long noneOf) throws SyscallException {
    int pid = (int) ProcessHandle.current().pid();
    long start = Pointer.nativeValue(memory);
    List<PagemapScan.Range> entries = new ArrayList<>();
    try (PagemapScan scan = new PagemapScan(pid);
        Fd pagemap = Open.open("/proc/" + pid + "/pagemap", Open.O_RDONLY)) {
      PagemapScan.Wanted wanted = new PagemapScan.Wanted(start, start + BYTES, HELD, noneOf);
      PagemapEntries.scan(pagemap, pid, wanted, entries);
      assertEquals(scan.scan(start, start + BYTES, HELD, noneOf), entries);
    }
    assertEquals(noneOf != 0, entries.isEmpty());
  }

  /** Touches pages here and there, single ones and runs. */
  private static void touch(Pointer memory) {
    Random random = new Random(6);
    for (int page = 0; page < PAGES; page += 1 + random.nextInt(40)) {
      for (int end = Math.min(PAGES, page + random.nextInt(20)); page < end; page++) {
        memory.setByte((long) page * Memfd.PAGE_BYTES, (byte) 1);
      }
    }
  }

  @Test
  void anonymousPagesAreFound() throws Exception {
    Pointer memory = LibC.mmap(null, BYTES, READ_WRITE, PRIVATE_ANONYMOUS_NORESERVE, -1, 0);
    assertFalse(Pointer.nativeValue(memory) == -1);
    try {
      touch(memory);
      assertSame(memory, 0);
    } finally {
      LibC.munmap(memory, BYTES);
    }
  }

  @Test
  void pagesOfAFileAreToldFromOthers() throws Exception {
    try (Memfd memfd = Memfd.create("thaw-test", BYTES)) {
      Pointer memory = LibC.mmap(null, BYTES, READ_WRITE, SHARED, memfd.number(), 0);
      assertFalse(Pointer.nativeValue(memory) == -1);
      try {
        touch(memory);
        assertSame(memory, 0);
        assertSame(memory, PagemapScan.PAGE_IS_FILE);
      } finally {
        LibC.munmap(memory, BYTES);
      }
    }
  }
}
