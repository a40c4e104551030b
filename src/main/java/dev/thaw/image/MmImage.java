package dev.thaw.image;

import java.util.List;

/**
 * The address space of one process.
 *
 * @param vmas ascending, not overlapping
 * @param layout the mm fields that PR_SET_MM_MAP sets
 * @param auxv the raw auxiliary vector
 * @param exe what /proc/PID/exe names
 */
public record MmImage(List<Vma> vmas, Layout layout, byte[] auxv, FileIdentity exe) {

  /** Validates. */
  public MmImage {
    vmas = List.copyOf(vmas);
    for (int i = 1; i < vmas.size(); i++) {
      if (vmas.get(i).start().compareTo(vmas.get(i - 1).end()) < 0) {
        throw new IllegalArgumentException(
            "vma "
                + vmas.get(i).start()
                + " begins below the end of its predecessor, "
                + vmas.get(i - 1).end());
      }
    }
    if (auxv.length > 4096 || auxv.length % 16 != 0) {
      throw new IllegalArgumentException("auxv of " + auxv.length + " bytes");
    }
  }

  /** The fields of struct prctl_mm_map (linux/prctl.h), in its order. */
  public record Layout(
      Addr startCode,
      Addr endCode,
      Addr startData,
      Addr endData,
      Addr startBrk,
      Addr brk,
      Addr startStack,
      Addr argStart,
      Addr argEnd,
      Addr envStart,
      Addr envEnd) {}
}
