package dev.thaw.image.stats;

import java.util.List;

/** A tree of two processes, one of which has ended, as its pager might count it. */
public final class SampleStats {
  private SampleStats() {}

  /** The tree. */
  public static TreeStats tree() {
    FaultCounts living = new FaultCounts(1000, 20, 900, 3000, 40, 50, 60, 1, 7);
    FaultCounts ended = new FaultCounts(10, 0, 10, 0, 0, 0, 0, 0, 0);
    FaultCounts both = new FaultCounts(1010, 20, 910, 3000, 40, 50, 60, 1, 7);
    FaultLatency minor = latency(FaultLatency.MINOR, 979, 1, 900, 4096, 4352, 79, 900_000);
    FaultLatency waited = latency(FaultLatency.WAITED, 20, 1, 15, 1 << 20, 1_114_112, 5, 31 << 20);
    FaultLatency lost = latency(FaultLatency.NO_PAGE, 1, 1, 1, 240, 248, 0, 0);
    FaultLatency all = latency(FaultLatency.ALL, 1000, 1, 980, 4096, 4352, 20, 31 << 20);
    FaultLatency none = new FaultLatency(FaultLatency.ALL, 0, 0, 0, 0, 0, 0, 0, List.of());
    return new TreeStats(
        "2026-01-02T03:04:05.678Z",
        500,
        501,
        false,
        false,
        10_000,
        8000,
        3,
        new SpaceStats(SpaceStats.SUM, 0, both, List.of(all, minor, waited, lost)),
        List.of(new SpaceStats(0, 600, living, List.of(all, minor, waited, lost))),
        new SpaceStats(SpaceStats.SUM, 0, ended, List.of(none)));
  }

  /** With two buckets, the second of which is empty where {@code more} is 0. */
  private static FaultLatency latency(
      String kind, long count, long scale, long some, long from, long end, long more, long far) {
    FaultLatency.Bucket near = new FaultLatency.Bucket(from, end, some);
    return new FaultLatency(
        kind,
        count,
        some * from * scale + more * far,
        Math.max(end - 1, far),
        from,
        from,
        Math.max(from, far),
        Math.max(from, far),
        more == 0
            ? List.of(near)
            : List.of(near, new FaultLatency.Bucket(far, far + far / 16, more)));
  }
}
