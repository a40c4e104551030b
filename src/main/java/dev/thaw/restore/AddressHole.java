package dev.thaw.restore;

import dev.thaw.image.ProcessImage;
import dev.thaw.image.Vma;
import java.util.List;

/** Finds addresses that nothing in the tree uses, for the blob and the pages put aside. */
final class AddressHole {
  private static final long FIRST = 1L << 40;
  private static final long STEP = 1L << 30;
  private static final long LAST = 1L << 46;

  private AddressHole() {}

  /** A start so that {@code [start, start + bytes)} meets no VMA of any process. */
  static long find(List<ProcessImage> processes, long bytes) throws RestoreException {
    for (long start = FIRST; start < LAST; start += STEP) {
      long candidate = start;
      if (processes.stream().noneMatch(p -> meets(p, candidate, candidate + bytes))) {
        return candidate;
      }
    }
    throw new RestoreException("no free addresses for the restorer in all processes of the tree");
  }

  private static boolean meets(ProcessImage process, long start, long end) {
    for (Vma vma : process.mm().vmas()) {
      if (vma.end().value() > 0 && vma.start().value() < end && start < vma.end().value()) {
        return true;
      }
    }
    return false;
  }
}
