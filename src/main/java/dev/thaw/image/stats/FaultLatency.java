package dev.thaw.image.stats;

import java.util.List;

/**
 * How long faults of one kind took: from having read the message to having woken the thread. All
 * times are nanoseconds; percentiles are 0 where there was no fault.
 *
 * @param kind {@link #ALL}, or one of {@link #MINOR}, {@link #ZERO}, {@link #COPIED}, {@link
 *     #WAITED}, {@link #NO_PAGE}
 * @param count faults answered
 * @param sumNanos of all of them
 * @param maxNanos the longest
 * @param buckets ascending, those that are not empty
 */
public record FaultLatency(
    String kind,
    long count,
    long sumNanos,
    long maxNanos,
    long p50Nanos,
    long p90Nanos,
    long p99Nanos,
    long p999Nanos,
    List<Bucket> buckets) {
  /** All kinds together. */
  public static final String ALL = "all";

  /** The page was there. */
  public static final String MINOR = "minor";

  /** A page of zeros. */
  public static final String ZERO = "zero";

  /** The page was copied. */
  public static final String COPIED = "copied";

  /** The page had to be read from the checkpoint first. */
  public static final String WAITED = "waited";

  /** The thread was woken without a page: it was poisoned, or the thread was to look again. */
  public static final String NO_PAGE = "noPage";

  /** Copies {@code buckets}. */
  public FaultLatency {
    buckets = List.copyOf(buckets);
  }

  /**
   * Faults that took from {@code fromNanos} to below {@code endNanos}. The width is at most a
   * sixteenth of the time, and a bucket never reaches over a power of two.
   */
  public record Bucket(long fromNanos, long endNanos, long count) {
    /** Validates. */
    public Bucket {
      if (fromNanos < 0 || endNanos <= fromNanos || count < 0) {
        throw new IllegalArgumentException(
            "bucket of " + count + " from " + fromNanos + " to " + endNanos + " ns");
      }
    }
  }
}
