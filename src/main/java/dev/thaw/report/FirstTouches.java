package dev.thaw.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** When each page was touched first, over several recordings: the earliest of them counts. */
final class FirstTouches {
  private static final int QUANTILES = 100;

  private final Map<String, Space> spaces = new HashMap<>();

  /** Pages, ascending, and their times. */
  private record Space(long[] pages, long[] nanos) {}

  /** What is told of each page. */
  interface Visitor {
    void touched(long page, long nanos);
  }

  FirstTouches(List<TouchRecording> recordings) {
    Map<String, List<Touch>> bySpace = new HashMap<>();
    for (TouchRecording recording : recordings) {
      for (Touch touch : recording.touches()) {
        bySpace.computeIfAbsent(touch.space(), s -> new ArrayList<>()).add(touch);
      }
    }
    bySpace.forEach((space, touches) -> spaces.put(space, space(touches)));
  }

  private static Space space(List<Touch> touches) {
    touches.sort(Comparator.comparingLong(Touch::page).thenComparingLong(Touch::nanos));
    long[] pages = new long[touches.size()];
    long[] nanos = new long[touches.size()];
    int count = 0;
    for (Touch touch : touches) {
      if (count == 0 || pages[count - 1] != touch.page()) {
        pages[count] = touch.page();
        nanos[count++] = touch.nanos();
      }
    }
    return new Space(Arrays.copyOf(pages, count), Arrays.copyOf(nanos, count));
  }

  /** Visits the touched pages of {@code [from, end)}, ascending. */
  void forEach(String space, long from, long end, Visitor visitor) {
    Space touched = spaces.get(space);
    if (touched == null) {
      return;
    }
    int at = Arrays.binarySearch(touched.pages(), from);
    for (int i = at < 0 ? -at - 1 : at; i < touched.pages().length; i++) {
      if (touched.pages()[i] >= end) {
        return;
      }
      visitor.touched(touched.pages()[i], touched.nanos()[i]);
    }
  }

  /** How many pages were touched. */
  long pageCount() {
    return spaces.values().stream().mapToLong(s -> s.pages().length).sum();
  }

  /** The times by which 0, 1, ... 100 percent of the pages were touched; empty without pages. */
  List<Long> quantileMicros() {
    long[] all =
        spaces.values().stream().flatMapToLong(s -> Arrays.stream(s.nanos())).sorted().toArray();
    List<Long> quantiles = new ArrayList<>();
    for (int i = 0; i <= QUANTILES && all.length > 0; i++) {
      quantiles.add(all[(int) ((long) (all.length - 1) * i / QUANTILES)] / 1000);
    }
    return quantiles;
  }
}
