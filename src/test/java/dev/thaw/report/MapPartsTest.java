package dev.thaw.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.store.PagemapRun;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class MapPartsTest {
  private static String kinds(HeldPages pages, long from, long end) {
    StringBuilder text = new StringBuilder();
    pages.forEach(from, end, (page, kind) -> text.append(page).append(kind.name().charAt(0)));
    return text.toString();
  }

  @Test
  void aPageThatIsStoredForAnotherPlaceIsADuplicateInEveryPagemapButTheFirst() {
    BitSet seen = new BitSet();
    HeldPages first =
        new HeldPages(
            List.of(
                new PagemapRun(10, 3, 0),
                new PagemapRun(13, 2, PagemapRun.ZERO),
                new PagemapRun(20, 2, 2)),
            seen);
    HeldPages second = new HeldPages(List.of(new PagemapRun(5, 2, 3)), seen);
    assertEquals("10S11S12S13Z14Z20D21S", kinds(first, 0, 100));
    assertEquals("12S13Z14Z20D", kinds(first, 12, 21));
    assertEquals("", kinds(first, 15, 20));
    assertEquals("5D6S", kinds(second, 0, 100));
  }

  @Test
  void ofSeveralRecordingsTheEarliestTouchCounts() {
    FirstTouches touches =
        new FirstTouches(
            List.of(
                new TouchRecording(
                    "a",
                    9000,
                    List.of(new Touch(2000, "7", 3, false), new Touch(8000, "7", 1, true))),
                new TouchRecording(
                    "b",
                    9000,
                    List.of(new Touch(5000, "7", 1, false), new Touch(6000, "8", 3, true)))));
    StringBuilder text = new StringBuilder();
    touches.forEach(
        "7", 1, 4, (page, nanos) -> text.append(page).append('@').append(nanos).append(' '));
    assertEquals("1@5000 3@2000 ", text.toString());
    assertEquals(3, touches.pageCount());
    assertEquals(2, touches.quantileMicros().get(0));
    assertEquals(6, touches.quantileMicros().get(100));
  }

  @Test
  void equalCellsAreOneRun() {
    VmaCells cells = new VmaCells(100, 11, 2);
    for (long page = 100; page < 108; page++) {
      cells.hold(page, HeldPages.Kind.STORED);
    }
    cells.touch(105, 9_000);
    cells.touch(104, 7_500);
    List<long[]> runs = cells.runs();
    assertEquals(4, runs.size());
    assertArrayEquals(new long[] {2, -1, 0, 2, 0, 0}, runs.get(0));
    assertArrayEquals(new long[] {1, 7, 2, 2, 0, 0}, runs.get(1));
    assertArrayEquals(new long[] {1, -1, 0, 2, 0, 0}, runs.get(2));
    assertArrayEquals(new long[] {2, -1, 0, 0, 0, 0}, runs.get(3));
    assertEquals(8, cells.held(HeldPages.Kind.STORED));
    assertEquals(2, cells.touched());
  }

  @Test
  void howManyCellsThereAreIsBounded() {
    long[] small = {1, 8000, 500};
    assertEquals(1, CellSize.of(small).pagesPerCell(8000));
    long[] many = new long[5000];
    Arrays.fill(many, 20_000);
    many[0] = 1L << 28;
    CellSize size = CellSize.of(many);
    long cells = 0;
    for (long pages : many) {
      cells += (pages + size.pagesPerCell(pages) - 1) / size.pagesPerCell(pages);
    }
    assertTrue(cells <= CellSize.MAX_CELLS, cells + " cells");
    assertTrue(size.pagesPerCell(1L << 28) > size.pagesPerCell(20_000));
  }

  @Test
  void aCurveEndsWithTheRecordingAndHasNotTooManyPoints() {
    List<Touch> touches = new java.util.ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      touches.add(new Touch(i * 1000L, "1", i, i % 4 == 0));
    }
    ReportData.Curve curve = Curves.of(new TouchRecording("a", 1_000_000_000, touches));
    assertTrue(curve.seconds().size() < 1000);
    int last = curve.pages().size() - 1;
    assertEquals(1.0, curve.seconds().get(last));
    assertEquals(100_000, curve.pages().get(last));
    assertEquals(25_000, curve.written().get(last));
  }
}
