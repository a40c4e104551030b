package dev.thaw.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkingSetTest {
  private static final long IDENTITY = 42;

  @TempDir Path directory;

  /** Pages 10 to 19 stored, 20 to 29 zero. */
  private final Map<String, Pagemap> pagemaps =
      Map.of(
          "17",
          new Pagemap(
              new PageStatistics(20, 10, 0, 10),
              List.of(new PagemapRun(10, 10, 100), new PagemapRun(20, 10, PagemapRun.ZERO))));

  private final List<String> warnings = new ArrayList<>();

  private WorkingSet read() throws Exception {
    return WorkingSet.read(directory, IDENTITY, pagemaps::get, warnings);
  }

  private void write(long identity, String pagemap, Recording.Touch... touches) throws Exception {
    RecordingFiles.write(
        directory,
        new Recording(identity, 1000, Recording.End.TIME, List.of(pagemap), List.of(touches)),
        new byte[0]);
  }

  private List<Long> pages(WorkingSet set) {
    return set.pages().stream().map(WorkingSet.Page::number).toList();
  }

  @Test
  void withoutRecordingsThereIsNothing() throws Exception {
    assertEquals(List.of(), read().pages());
    assertEquals(List.of(), warnings);
  }

  @Test
  void severalRecordingsCombineByTheBestRank() throws Exception {
    write(IDENTITY, "17", touch(0, 15, 1), touch(0, 12, 2), touch(0, 18, 3));
    write(
        IDENTITY, "17", touch(0, 18, 500), touch(0, 15, 600), touch(0, 11, 700), touch(0, 10, 9e2));
    WorkingSet set = read();
    assertEquals(List.of(15L, 18L, 12L, 11L, 10L), pages(set));
    assertEquals(2, set.recordings());
    assertEquals(List.of(), warnings);
  }

  private static Recording.Touch touch(int pagemap, long page, double nanos) {
    return RecordingTest.touch(pagemap, page, (long) nanos);
  }

  @Test
  void touchesOfZerosAreKeptApart() throws Exception {
    write(
        IDENTITY,
        "17",
        new Recording.Touch(0, 25, 1, true, true),
        new Recording.Touch(0, 3000, 1, true, true),
        new Recording.Touch(0, 15, 1, true, true), // had been dropped
        touch(0, 12, 2));
    WorkingSet set = read();
    assertEquals(List.of(12L), pages(set));
    assertEquals(List.of(25L, 3000L), set.zeros().stream().map(WorkingSet.Page::number).toList());
    assertEquals(List.of(), warnings);
  }

  @Test
  void whatDoesNotFitIsIgnoredWithALineEach() throws Exception {
    write(IDENTITY + 1, "17", touch(0, 12, 2)); // 1
    write(IDENTITY, "18", touch(0, 12, 2)); // 2
    write(IDENTITY, "17", touch(0, 12, 2), touch(0, 30, 3)); // 3
    write(IDENTITY, "17", touch(0, 25, 2)); // 4: content where there are zeros
    Files.writeString(directory.resolve("working-set-5.ws"), "no recording at all");
    Files.createDirectory(directory.resolve("working-set-6.ws"));
    write(IDENTITY, "17", touch(0, 14, 2)); // 7
    assertEquals(List.of(14L), pages(read()));
    assertEquals(6, warnings.size(), warnings.toString());
    for (int i = 0; i < 6; i++) {
      String warning = warnings.get(i);
      assertTrue(warning.contains("/working-set-" + (i + 1) + ".ws: "), warning);
      assertTrue(warning.endsWith("; it is ignored") && !warning.contains("\n"), warning);
    }
  }

  @Test
  void aPagemapFindsEachOfItsPages() {
    Pagemap map = pagemaps.get("17");
    for (long page = 0; page < 40; page++) {
      assertEquals(page >= 10 && page < 20 ? 90 + page : -1, map.storePage(page));
    }
  }
}
