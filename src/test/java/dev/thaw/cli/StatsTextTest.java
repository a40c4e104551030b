package dev.thaw.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.stats.SampleStats;
import dev.thaw.image.stats.TreeStats;
import java.util.List;
import org.junit.jupiter.api.Test;

class StatsTextTest {
  private final TreeStats stats = SampleStats.tree();

  @Test
  void aPageShowsWhereThePagesAreAndHowLongFaultsTook() {
    List<String> page = new StatsText(false).page(stats);
    List<String> due =
        List.of(
            "pages in the checkpoint                10,000     39 MiB 100.0 %",
            "  read from it so far                   8,000     31 MiB  80.0 %",
            "  installed before the start               40    160 KiB   0.4 %",
            "  installed on demand                     910    3.6 MiB   9.1 %",
            "  installed ahead of demand             3,000     12 MiB  30.0 %",
            "  not installed so far                  6,050     24 MiB  60.5 %",
            "besides: 60 of zeros; 50 copied; 1 could not be supplied (SIGBUS where touched)",
            "1,010 faults, 7 events (fork, mremap, munmap, madvise); 3 pages wait to be read",
            "",
            "faults         answered       p50       p90       p99     p99.9       max",
            "  all             1,000   4.10 us   4.10 us   32.5 ms   32.5 ms   32.5 ms",
            "  minor             979   4.10 us   4.10 us    900 us    900 us    900 us",
            "  waited             20   1.05 ms   1.05 ms   32.5 ms   32.5 ms   32.5 ms",
            "  no page             1    240 ns    240 ns    240 ns    240 ns    247 ns",
            "",
            "  below  8.19 us          980 ########################################",
            "  below  16.4 us            0");
    assertEquals(due, page.subList(0, due.size()));
    assertEquals("  below  33.6 ms           20 #", page.get(page.size() - 1));
  }

  @Test
  void onATerminalEachPageTakesThePlaceOfTheOneBefore() {
    StatsText text = new StatsText(true);
    String first = text.again(stats);
    int lines = (int) first.lines().count();
    assertEquals("\033[" + lines + "A\033[J" + first, text.again(stats));
  }

  @Test
  void elsewhereALineSaysWhatHasChanged() {
    StatsText text = new StatsText(false);
    List<String> first = text.again(stats).lines().toList();
    assertTrue(first.get(0).startsWith("time  "));
    assertTrue(first.get(1).matches("2026-01-02T03:04:05.678Z +1010 +910 .* 4.10 us +32.5 ms"));
    List<String> second = text.again(stats).lines().toList();
    assertEquals(1, second.size());
    assertTrue(second.get(0).matches("2026-01-02T03:04:05.678Z +0 +0 +0 +0 +0 +3 .*"));
  }
}
