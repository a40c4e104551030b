package dev.thaw;

import dev.thaw.ThawException.Kind;
import dev.thaw.pager.PagerStats;
import dev.thaw.pager.RunningPager;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/**
 * How the memory of a restored tree has come back so far. Pages are 4 KiB.
 *
 * @param checkpointPages pages that the checkpoint holds for the tree
 * @param filledPages of these, read from the checkpoint so far
 * @param onDemand pages installed because a thread waited for them
 * @param ahead pages installed before a thread asked for them
 * @param zero pages of zeros installed
 * @param poisoned pages that could not be supplied; a thread that touches one gets SIGBUS
 * @param faults page faults that the pager answered
 * @param waits of these, those that had to wait for the checkpoint to be read
 */
public record TreeStats(
    long checkpointPages,
    long filledPages,
    long onDemand,
    long ahead,
    long zero,
    long poisoned,
    long faults,
    long waits) {

  /** Pages of the checkpoint that no page table holds yet. */
  public long never() {
    return Math.max(0, checkpointPages - onDemand - ahead);
  }

  /** The stats of the tree that {@code pid} belongs to. */
  public static TreeStats of(int pid) throws IOException {
    Optional<PagerStats> found;
    try {
      found = RunningPager.stats(pid);
    } catch (NoSuchFileException e) {
      throw new ThawException(Kind.GONE, "pid " + pid + ": no such process", e);
    }
    PagerStats stats =
        found.orElseThrow(
            () ->
                new ThawException(
                    Kind.FAILED,
                    "pid " + pid + ": is not a process that thaw restored (no thaw-init above it)",
                    null));
    return new TreeStats(
        stats.contentPages(),
        stats.filledPages(),
        stats.demandInstalled(),
        stats.aheadInstalled(),
        stats.zeroPages(),
        stats.poisoned(),
        stats.faults(),
        stats.fillWaits());
  }
}
