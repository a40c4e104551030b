package dev.thaw.report;

import java.util.ArrayList;
import java.util.List;

/** The working set over time, thinned out to what a chart can show. */
final class Curves {
  private static final int POINTS = 800;

  private Curves() {}

  /** One curve. Each step is a point, or every n-th. */
  static ReportData.Curve of(TouchRecording recording) {
    List<Double> seconds = new ArrayList<>();
    List<Long> pages = new ArrayList<>();
    List<Long> written = new ArrayList<>();
    int step = Math.max(1, recording.touches().size() / POINTS);
    long writes = 0;
    for (int i = 0; i < recording.touches().size(); i++) {
      Touch touch = recording.touches().get(i);
      writes += touch.write() ? 1 : 0;
      if ((i + 1) % step == 0 || i == 0) {
        seconds.add(touch.nanos() / 1e9);
        pages.add(i + 1L);
        written.add(writes);
      }
    }
    seconds.add(recording.durationNanos() / 1e9);
    pages.add((long) recording.touches().size());
    written.add(writes);
    return new ReportData.Curve(recording.name(), seconds, pages, written);
  }
}
