package dev.thaw.restore;

import dev.thaw.image.Vma;

/**
 * What becomes of a VMA: the one table that chooses the backing of restored memory.
 *
 * <pre>
 * VMA at the dump                                        treatment
 * private anonymous, holding pages                       LAZY, COPY or EAGER, as the mode says
 * private anonymous, WIPEONFORK or THP-advised           COPY: a memfd refuses the advice
 * private anonymous, holding none                        EMPTY
 * stack, locked memory                                   EAGER
 * private anonymous huge pages (hugetlb)                 EAGER, or EMPTY if it holds none
 * private mapping of a file or of shared memory          OVERLAY: the pages that differ are written
 * shared mapping of a file                               FILE
 * shared anonymous, memfd, unlinked tmpfs file           SHARED
 * the same of huge pages (hugetlb)                       FILE: the memfd is filled before
 * vdso, vvar                                             KERNEL
 * vsyscall                                               NONE
 * </pre>
 */
enum Treatment {
  /** MAP_PRIVATE of the process's memfd, registered MISSING|MINOR. */
  LAZY,
  /** True anonymous memory, registered MISSING, filled by UFFDIO_COPY. */
  COPY,
  /** True anonymous memory without content. */
  EMPTY,
  /** True anonymous memory whose pages are written before the tree runs: a memfd refuses it. */
  EAGER,
  /** A private mapping over a file; the pages that the process changed are written. */
  OVERLAY,
  /** A shared mapping of a file, or of a memfd that is full: nothing to fill. */
  FILE,
  /** MAP_SHARED of the object's memfd, registered MISSING|MINOR. */
  SHARED,
  /** A System V segment, filled before the tree runs. */
  SYSV,
  /** The running kernel's own pages, moved. */
  KERNEL,
  NONE;

  /**
   * Chooses.
   *
   * @param holdsPages the checkpoint has pages for it
   * @param mode what private memory becomes
   */
  static Treatment of(Vma vma, boolean holdsPages, MemoryMode mode) {
    Vma.Backing backing = vma.backing();
    if (backing instanceof Vma.Backing.Anonymous anonymous) {
      return ofAnonymous(vma, anonymous, holdsPages, mode);
    }
    if (backing instanceof Vma.Backing.Huge huge) {
      return ofHuge(huge, holdsPages);
    }
    if (backing instanceof Vma.Backing.MappedFile file) {
      return file.privately() ? OVERLAY : FILE;
    }
    if (backing instanceof Vma.Backing.Shared shared) {
      if (shared.privately()) {
        return OVERLAY;
      }
      return mode == MemoryMode.EAGER ? FILE : SHARED;
    }
    if (backing instanceof Vma.Backing.CharDevice) {
      return OVERLAY;
    }
    if (backing instanceof Vma.Backing.SysV) {
      return SYSV;
    }
    return backing instanceof Vma.Backing.Vdso ? KERNEL : NONE;
  }

  private static Treatment ofAnonymous(
      Vma vma, Vma.Backing.Anonymous anonymous, boolean holdsPages, MemoryMode mode) {
    if (anonymous.droppable() || !holdsPages) {
      return EMPTY;
    }
    if (anonymous.growsDown() || vma.has("lo") || mode == MemoryMode.EAGER) {
      return EAGER;
    }
    boolean refused = vma.has("wf") || vma.has("hg");
    return mode == MemoryMode.EXACT || refused ? COPY : LAZY;
  }

  private static Treatment ofHuge(Vma.Backing.Huge huge, boolean holdsPages) {
    if (huge.anonymous()) {
      return holdsPages ? EAGER : EMPTY;
    }
    return huge.privately() ? OVERLAY : FILE;
  }

  /** Whether the pager serves it. */
  boolean registered() {
    return this == LAZY || this == COPY || this == SHARED;
  }

  /** Whether its pages are written before the tree runs. */
  boolean written() {
    return this == EAGER || this == OVERLAY;
  }
}
