package dev.thaw.image.stats;

import java.util.List;

/**
 * What the pager has done for one address space.
 *
 * @param space its number; -1 for a sum over several
 * @param pid its process; 0 where that is not known: a child of fork(2), or a sum
 * @param latency by kind of fault; the first is {@link FaultLatency#ALL}
 */
public record SpaceStats(int space, int pid, FaultCounts counts, List<FaultLatency> latency) {
  /** In place of a number: a sum. */
  public static final int SUM = -1;

  /** Copies {@code latency}. */
  public SpaceStats {
    latency = List.copyOf(latency);
  }

  /** All kinds of faults together. */
  public FaultLatency all() {
    return latency.stream()
        .filter(l -> l.kind().equals(FaultLatency.ALL))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("space " + space + " without latencies"));
  }
}
