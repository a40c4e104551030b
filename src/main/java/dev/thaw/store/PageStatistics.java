package dev.thaw.store;

/**
 * What became of the pages of a pagemap, or of a whole store. {@code seen = zero + duplicate +
 * stored}.
 *
 * @param seen pages given to the store
 * @param zero of these, all zero: not stored
 * @param duplicate of these, equal to one that was stored before
 * @param stored of these, written
 */
public record PageStatistics(long seen, long zero, long duplicate, long stored) {
  /** Validates. */
  public PageStatistics {
    if (zero < 0 || duplicate < 0 || stored < 0 || seen != zero + duplicate + stored) {
      throw new IllegalArgumentException(
          seen
              + " pages seen: "
              + zero
              + " zero, "
              + duplicate
              + " duplicate, "
              + stored
              + " stored");
    }
  }
}
