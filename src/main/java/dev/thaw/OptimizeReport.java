package dev.thaw;

import java.util.List;

/**
 * What {@link Checkpoint#optimize} did.
 *
 * @param recordings that it went by
 * @param hotPages pages that lie in front now
 * @param hotBytes what they take in the page file
 * @param storedBytes length of the page file
 * @param warnings a line for each recording that was ignored
 */
public record OptimizeReport(
    int recordings, long hotPages, long hotBytes, long storedBytes, List<String> warnings) {
  /** Copies {@code warnings}. */
  public OptimizeReport {
    warnings = List.copyOf(warnings);
  }
}
