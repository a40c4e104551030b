package dev.thaw.restore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.store.PagemapRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CopyOnWriteTest {
  private static final int PAGES = 200;

  @Test
  void everyPageOfRandomMapsIsWhatItsContentSays() {
    Random random = new Random(42);
    for (int round = 0; round < 500; round++) {
      long[] ancestor = new long[PAGES];
      long[] child = new long[PAGES];
      for (int page = 0; page < PAGES; page++) {
        ancestor[page] = random.nextInt(5) - 2; // -2: not held, -1: zero, else content
        child[page] = random.nextInt(3) > 0 ? ancestor[page] : random.nextInt(5) - 2;
      }
      int first = random.nextInt(PAGES - 1);
      int end = first + 1 + random.nextInt(PAGES - first - 1);
      CopyOnWrite difference =
          CopyOnWrite.of(runs(ancestor, 0, PAGES), runs(child, first, end), first, end);
      assertEquals(expected(ancestor, child, first, end), seen(difference, first, end));
    }
  }

  /** A letter a page: equal, written with which content, blank, or nothing to do. */
  private static List<String> expected(long[] ancestor, long[] child, int first, int end) {
    List<String> pages = new ArrayList<>();
    int equal = 0;
    for (int page = first; page < end; page++) {
      boolean same = child[page] >= 0 && child[page] == ancestor[page];
      equal += same ? 1 : 0;
      if (same || child[page] < 0 && ancestor[page] < 0) {
        pages.add("-");
      } else {
        pages.add(child[page] >= 0 ? "write " + child[page] : "blank");
      }
    }
    pages.add(equal + " equal");
    return pages;
  }

  private static List<String> seen(CopyOnWrite difference, int first, int end) {
    List<String> pages = new ArrayList<>();
    for (int page = first; page < end; page++) {
      pages.add("-");
    }
    for (PagemapRun run : difference.written()) {
      for (int i = 0; i < run.pageCount(); i++) {
        pages.set((int) run.firstPage() + i - first, "write " + (run.firstStorePage() + i));
      }
    }
    for (CopyOnWrite.Blank blank : difference.blank()) {
      for (int i = 0; i < blank.pageCount(); i++) {
        pages.set((int) blank.firstPage() + i - first, "blank");
      }
    }
    pages.add(difference.equalPages() + " equal");
    return pages;
  }

  /** Consecutive pages make one run where their store pages are consecutive, or both zero. */
  private static List<PagemapRun> runs(long[] content, int from, int to) {
    List<PagemapRun> runs = new ArrayList<>();
    for (int page = from; page < to; page++) {
      if (content[page] == -2) {
        continue;
      }
      int last = page;
      while (last + 1 < to
          && content[page] >= 0
          && content[last + 1] == content[page] + last + 1 - page) {
        last++;
      }
      runs.add(new PagemapRun(page, last + 1L - page, content[page]));
      page = last;
    }
    return runs;
  }

  @Test
  void sharingPaysWhereMostPagesAreEqual() {
    List<PagemapRun> ancestor = List.of(new PagemapRun(0, 100, 0));
    List<PagemapRun> mostly = List.of(new PagemapRun(0, 50, 0), new PagemapRun(50, 50, 500));
    List<PagemapRun> hardly = List.of(new PagemapRun(0, 49, 0), new PagemapRun(49, 51, 500));
    assertTrue(CopyOnWrite.of(ancestor, mostly, 0, 100).pays());
    assertFalse(CopyOnWrite.of(ancestor, hardly, 0, 100).pays());
    assertFalse(CopyOnWrite.of(ancestor, List.of(), 0, 100).pays());
  }

  @Test
  void whatWouldDelayTheStartIsNotWritten() {
    List<PagemapRun> ancestor = List.of(new PagemapRun(0, 40000, 0));
    List<PagemapRun> child =
        List.of(new PagemapRun(0, 30000, 0), new PagemapRun(30000, 10000, 90000));
    assertFalse(CopyOnWrite.of(ancestor, child, 0, 40000).pays());
  }
}
