package dev.thaw.image;

/**
 * Memory that several mappings or descriptors share: one memfd of the exact size at the restore.
 * Its pages are in the pagemap {@link #pagemapName}, in units of 4 KiB also where it consists of
 * huge pages.
 *
 * @param id unique in the checkpoint
 * @param name of a memfd; empty otherwise
 * @param seals F_GET_SEALS of a memfd; 0 otherwise
 * @param mode permission bits of its inode
 * @param sysv its System V identity, for kind SYSV; key 0 otherwise
 * @param hugePageBytes of one huge page (hugetlb), or 0 for ordinary memory
 */
public record SharedMemory(
    int id,
    Kind kind,
    String name,
    long sizeBytes,
    int seals,
    int mode,
    SysVKey sysv,
    long hugePageBytes) {
  private static final long SMALLEST_HUGE_PAGE = 1L << 16;
  private static final long LARGEST_HUGE_PAGE = 1L << 34;

  /** What it was. */
  public enum Kind {
    /** mmap(MAP_SHARED | MAP_ANONYMOUS), or /dev/zero mapped shared. */
    ANONYMOUS,
    MEMFD,
    /** A file of a tmpfs that has been unlinked. */
    UNLINKED,
    SYSV
  }

  /** shmget(2)'s key and the id it had. */
  public record SysVKey(int key, int id, int uid, int gid, boolean markedForRemoval) {
    /** Of memory that is no System V segment. */
    public static final SysVKey NONE = new SysVKey(0, 0, 0, 0, false);
  }

  /** Validates. */
  public SharedMemory {
    if (sizeBytes < 0 || sizeBytes > 1L << 50 || id < 1 || name.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("shared memory " + id + " of " + sizeBytes + " bytes");
    }
    if (hugePageBytes != 0) {
      requireHugePage(hugePageBytes);
      if (kind != Kind.SYSV && sizeBytes % hugePageBytes != 0) {
        throw new IllegalArgumentException(
            sizeBytes + " bytes in huge pages of " + hugePageBytes + " bytes");
      }
    }
  }

  /** Whether it consists of huge pages. */
  public boolean isHuge() {
    return hugePageBytes != 0;
  }

  /** Refuses what cannot be the size of a huge page. */
  static void requireHugePage(long bytes) {
    if (bytes < SMALLEST_HUGE_PAGE || bytes > LARGEST_HUGE_PAGE || Long.bitCount(bytes) != 1) {
      throw new IllegalArgumentException("huge pages of " + bytes + " bytes");
    }
  }

  /** Its length in pages of 4 KiB, the last of which may be cut off; whole huge pages. */
  public long pages() {
    long unit = isHuge() ? hugePageBytes : 4096;
    return (sizeBytes + unit - 1) / unit * (unit / 4096);
  }

  /** The name of its pagemap file. */
  public String pagemapName() {
    return "shared-" + id;
  }
}
