package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.thaw.linux.PagerLibrary;
import org.junit.jupiter.api.Test;

class LatencyTableTest {
  @Test
  void everyBucketBeginsAndEndsWhereThePagerPutsItsValues() {
    for (int bucket = 0; bucket < Tables.LATENCY_BUCKETS; bucket++) {
      long from = LatencyTable.fromNanos(bucket);
      long last = LatencyTable.fromNanos(bucket + 1) - 1;
      assertEquals(bucket, PagerLibrary.latencyBucket(from), "of " + from + " ns");
      assertEquals(bucket, PagerLibrary.latencyBucket(last), "of " + last + " ns");
    }
  }

  @Test
  void theLastBucketTakesAllThatIsLonger() {
    assertEquals(Tables.LATENCY_BUCKETS - 1, PagerLibrary.latencyBucket(Long.MAX_VALUE));
    assertEquals(Tables.LATENCY_BUCKETS - 1, PagerLibrary.latencyBucket(-1));
  }
}
