package dev.thaw.image.stats;

import java.util.List;

/**
 * How the memory of a restored tree has come back so far: what {@code thaw stats --json} prints,
 * and what a restore that records leaves beside its recording. The names of the components are
 * those in the JSON. Pages are 4 KiB.
 *
 * @param taken when, ISO 8601 in UTC
 * @param initPid thaw-init, which identifies the tree
 * @param pagerPid thaw-pager
 * @param filled every page is in a memfd, or known to be lost: no filler is needed any more
 * @param retired every process has all its memory for itself: the pager is gone
 * @param checkpointPages pages that the checkpoint holds for the tree
 * @param filledPages of these, read from the checkpoint so far
 * @param fillQueue pages that threads wait for and that no filler has begun with
 * @param total all processes, living and dead
 * @param spaces the living address spaces
 * @param ended the dead ones together, and those that need no pager any more
 */
public record TreeStats(
    String taken,
    int initPid,
    int pagerPid,
    boolean filled,
    boolean retired,
    long checkpointPages,
    long filledPages,
    long fillQueue,
    SpaceStats total,
    List<SpaceStats> spaces,
    SpaceStats ended) {

  /** Copies {@code spaces}. */
  public TreeStats {
    spaces = List.copyOf(spaces);
  }

  /** Pages of the checkpoint that no page table has held yet. */
  public long never() {
    FaultCounts counts = total.counts();
    return Math.max(0, checkpointPages - counts.onDemand() - counts.ahead() - counts.prefaulted());
  }
}
