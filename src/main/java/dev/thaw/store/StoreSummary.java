package dev.thaw.store;

import java.util.Map;
import java.util.TreeMap;

/**
 * What a page store came to.
 *
 * @param pages of all pagemaps together
 * @param storedBytes length of the page file
 * @param pagemaps what became of the pages of each
 */
public record StoreSummary(
    PageStatistics pages, long storedBytes, Map<String, PageStatistics> pagemaps) {
  /** Copies {@code pagemaps}. */
  public StoreSummary {
    pagemaps = Map.copyOf(pagemaps);
  }

  static StoreSummary of(Map<String, PageStatistics> pagemaps, long storedBytes) {
    long seen = 0;
    long zero = 0;
    long duplicate = 0;
    for (PageStatistics s : new TreeMap<>(pagemaps).values()) {
      seen += s.seen();
      zero += s.zero();
      duplicate += s.duplicate();
    }
    return new StoreSummary(
        new PageStatistics(seen, zero, duplicate, seen - zero - duplicate), storedBytes, pagemaps);
  }
}
