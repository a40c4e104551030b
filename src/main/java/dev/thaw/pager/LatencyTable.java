package dev.thaw.pager;

import dev.thaw.image.stats.FaultLatency;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * The latencies of one address space, or of several: {@code struct thaw_latency}, copied out. Not
 * thread safe.
 */
final class LatencyTable {
  private static final int SUB_BITS = 4;
  private static final int SUB_BUCKETS = 1 << SUB_BITS;

  /** As precise as the buckets are, and more. */
  private static final int DIGITS = 2;

  private static final Map<Tables.FaultKind, String> NAMES =
      Map.of(
          Tables.FaultKind.MINOR, FaultLatency.MINOR,
          Tables.FaultKind.ZERO, FaultLatency.ZERO,
          Tables.FaultKind.COPIED, FaultLatency.COPIED,
          Tables.FaultKind.WAITED, FaultLatency.WAITED,
          Tables.FaultKind.NO_PAGE, FaultLatency.NO_PAGE);

  private final List<Raw> kinds = new ArrayList<>();

  /** One histogram of C. */
  private static final class Raw {
    long sumNanos;
    long maxNanos;
    final long[] buckets = new long[Tables.LATENCY_BUCKETS];

    void add(Raw other) {
      sumNanos += other.sumNanos;
      maxNanos = Math.max(maxNanos, other.maxNanos);
      for (int i = 0; i < buckets.length; i++) {
        buckets[i] += other.buckets[i];
      }
    }
  }

  /** No faults. */
  LatencyTable() {
    for (int i = 0; i < Tables.FaultKind.values().length; i++) {
      kinds.add(new Raw());
    }
  }

  /** Adds the structure that lies {@code at} bytes from the start of the session. */
  void add(SessionTable session, int at) {
    for (int kind = 0; kind < kinds.size(); kind++) {
      int from = at + kind * Tables.HISTOGRAM_BYTES;
      Raw raw = kinds.get(kind);
      raw.sumNanos += session.getLong(from + Tables.HISTOGRAM_SUM_NANOS);
      raw.maxNanos = Math.max(raw.maxNanos, session.getLong(from + Tables.HISTOGRAM_MAX_NANOS));
      for (int i = 0; i < Tables.LATENCY_BUCKETS; i++) {
        raw.buckets[i] += session.getLong(from + Tables.HISTOGRAM_BUCKETS + 8 * i);
      }
    }
  }

  /** Adds another one. */
  void add(LatencyTable other) {
    for (int kind = 0; kind < kinds.size(); kind++) {
      kinds.get(kind).add(other.kinds.get(kind));
    }
  }

  /** All kinds together, then each. */
  List<FaultLatency> latencies() {
    List<FaultLatency> latencies = new ArrayList<>();
    Raw all = new Raw();
    kinds.forEach(all::add);
    latencies.add(latency(FaultLatency.ALL, all));
    for (Tables.FaultKind kind : Tables.FaultKind.values()) {
      latencies.add(latency(NAMES.get(kind), kinds.get(kind.ordinal())));
    }
    return latencies;
  }

  private static FaultLatency latency(String name, Raw raw) {
    Histogram histogram = new Histogram(DIGITS);
    List<FaultLatency.Bucket> buckets = new ArrayList<>();
    for (int i = 0; i < raw.buckets.length; i++) {
      long count = raw.buckets[i];
      if (count > 0) {
        histogram.recordValueWithCount(middleNanos(i), count);
        buckets.add(new FaultLatency.Bucket(fromNanos(i), fromNanos(i + 1), count));
      }
    }
    return new FaultLatency(
        name,
        histogram.getTotalCount(),
        raw.sumNanos,
        raw.maxNanos,
        percentile(histogram, 50, raw.maxNanos),
        percentile(histogram, 90, raw.maxNanos),
        percentile(histogram, 99, raw.maxNanos),
        percentile(histogram, 99.9, raw.maxNanos),
        buckets);
  }

  /** A bucket's middle may lie above the longest that was seen. */
  private static long percentile(Histogram histogram, double percentile, long maxNanos) {
    return Math.min(maxNanos, histogram.getValueAtPercentile(percentile));
  }

  private static long middleNanos(int bucket) {
    return (fromNanos(bucket) + fromNanos(bucket + 1) - 1) / 2;
  }

  /** The least value of a bucket: the inverse of {@code thaw_latency_bucket}. */
  static long fromNanos(int bucket) {
    int shift = Math.max(0, bucket / SUB_BUCKETS - 1);
    return (bucket - (long) shift * SUB_BUCKETS) << shift;
  }
}
