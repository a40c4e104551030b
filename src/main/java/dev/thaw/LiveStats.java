package dev.thaw;

import dev.thaw.ThawException.Kind;
import dev.thaw.image.stats.TreeStats;
import dev.thaw.pager.RunningPager;
import java.io.IOException;
import java.nio.file.NoSuchFileException;

/** The pager of a running tree, looked at again and again. It does not notice. */
public final class LiveStats {
  private final RunningPager pager;

  private LiveStats(RunningPager pager) {
    this.pager = pager;
  }

  /** Finds the pager of the tree that {@code pid} belongs to. */
  public static LiveStats of(int pid) throws IOException {
    try {
      return new LiveStats(
          RunningPager.find(pid)
              .orElseThrow(
                  () ->
                      new ThawException(
                          Kind.FAILED,
                          "pid "
                              + pid
                              + ": is not a process that thaw restored (no thaw-init above it)",
                          null)));
    } catch (NoSuchFileException e) {
      throw new ThawException(Kind.GONE, "pid " + pid + ": no such process", e);
    }
  }

  /** The stats of now; those of its end where the tree has ended. */
  public TreeStats now() {
    return pager.stats();
  }

  /** Whether the tree, or what is left of it, still runs. */
  public boolean isAlive() {
    return pager.isAlive();
  }
}
