package dev.thaw.dump;

import dev.thaw.image.SharedMemory;
import dev.thaw.pager.TreeLimits;
import java.io.IOException;
import java.util.List;

/**
 * Refuses trees that no restore could bring back, however it is called: they have more processes or
 * more shared memory than the tables of a pager. Private memory that is too large for them comes
 * back with {@code --eager}.
 */
final class SizeCheck {
  private SizeCheck() {}

  /** The tree has room in the tables. */
  static void requireRestorable(int rootPid, int processes, SharedMemoryTable table)
      throws IOException {
    if (processes > TreeLimits.PROCESSES) {
      throw new UnsupportedResourceException(
          rootPid,
          processes + " processes",
          "at most " + TreeLimits.PROCESSES + " can be restored; dump a part of the tree");
    }
    List<SharedMemory> shared =
        table.entries().stream()
            .map(SharedMemoryTable.Entry::memory)
            .filter(m -> m.kind() != SharedMemory.Kind.SYSV && !m.isHuge() && m.sizeBytes() > 0)
            .toList();
    if (processes + shared.size() > TreeLimits.MEMFDS) {
      throw new UnsupportedResourceException(
          rootPid,
          shared.size() + " objects of shared memory",
          "at most " + (TreeLimits.MEMFDS - processes) + " of them can be restored");
    }
    long bytes = 0;
    for (SharedMemory memory : shared) {
      bytes += memory.sizeBytes();
      requireRestorable(rootPid, bytes);
    }
  }

  /** Shared memory of so many bytes has room, all holes counted. */
  static void requireRestorable(int pid, long bytes) throws UnsupportedResourceException {
    if (bytes > TreeLimits.BYTES) {
      throw new UnsupportedResourceException(
          pid,
          "shared memory",
          String.format(
              "it is %d GiB long in all, with its holes, and %d can be restored; shorten it",
              bytes >>> 30, TreeLimits.BYTES >>> 30));
    }
  }
}
