package dev.thaw.report;

import dev.thaw.image.stats.FaultLatency;
import java.util.List;

/**
 * What the page shows; its script reads it as JSON, by these names. Pages are 4 KiB.
 *
 * @param title what the checkpoint is of
 * @param facts name and value, for the header
 * @param processes the map
 * @param touchedPages pages that were touched, in any recording
 * @param quantileMicros when 0, 1, ... 100 percent of them had been touched; empty without
 *     recordings
 * @param recordings the working set over time
 * @param latency by kind of fault; empty where nothing is known
 * @param latencyFrom where that is from
 */
record ReportData(
    String title,
    List<Fact> facts,
    List<ProcessMap> processes,
    long touchedPages,
    List<Long> quantileMicros,
    List<Curve> recordings,
    List<FaultLatency> latency,
    String latencyFrom) {

  /** A line of the header. */
  record Fact(String name, String value) {}

  /** The VMAs of one process, ascending. */
  record ProcessMap(int pid, String name, List<VmaMap> vmas) {}

  /**
   * One VMA.
   *
   * @param start first byte, hex
   * @param end exclusive, hex
   * @param permissions {@code rwxp}, as in /proc/PID/maps
   * @param what file or kind of memory
   * @param recorded whether a recording shows its touches: not those of memory that is there before
   *     the tree runs
   * @param pages its length
   * @param stored of these, stored for this place
   * @param duplicate of these, equal to a page that is stored for another
   * @param zero of these, known to be zero
   * @param touched of these, touched in a recording
   * @param pagesPerCell of the map
   * @param cells runs of equal cells: how many, first touch in microseconds or -1, and of the pages
   *     of each cell those that were touched, are stored, duplicate, zero
   */
  record VmaMap(
      String start,
      String end,
      String permissions,
      String what,
      boolean recorded,
      long pages,
      long stored,
      long duplicate,
      long zero,
      long touched,
      long pagesPerCell,
      List<long[]> cells) {}

  /**
   * How many pages a recording had touched by when.
   *
   * @param seconds ascending; the last is the end of the recording
   * @param pages touched by then
   * @param written of these, the first touch of which was a write
   */
  record Curve(String name, List<Double> seconds, List<Long> pages, List<Long> written) {}
}
