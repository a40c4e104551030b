package dev.thaw.pager;

/** How the memory of a VMA is backed, and so how a page of it is installed. */
public enum VmaKind {
  /** MAP_PRIVATE of a memfd, registered MISSING|MINOR: UFFDIO_CONTINUE. */
  PRIVATE(0, 0),
  /** MAP_SHARED of a memfd, registered MISSING|MINOR: UFFDIO_CONTINUE. */
  SHARED(1, 0),
  /** True anonymous memory, registered MISSING: UFFDIO_COPY from the memfd's pages. */
  ANON(2, 0),
  /** Like {@link #ANON}, and a child of a fork sees zeros (MADV_WIPEONFORK). */
  ANON_WIPE_ON_FORK(2, 1);

  private final int code;
  private final int flags;

  VmaKind(int code, int flags) {
    this.code = code;
    this.flags = flags;
  }

  /** Whether its pages become the process's own when they are installed. */
  public boolean copied() {
    return this == ANON || this == ANON_WIPE_ON_FORK;
  }

  /** {@code enum thaw_vma_kind}. */
  int code() {
    return code;
  }

  /** {@code enum thaw_vma_flags}. */
  int flags() {
    return flags;
  }
}
