package dev.thaw.image;

/**
 * Memory that several mappings or descriptors share: one memfd of the exact size at the restore.
 * Its pages are in the pagemap {@link #pagemapName}.
 *
 * @param id unique in the checkpoint
 * @param name of a memfd; empty otherwise
 * @param seals F_GET_SEALS of a memfd; 0 otherwise
 * @param mode permission bits of its inode
 * @param sysv its System V identity, for kind SYSV; key 0 otherwise
 */
public record SharedMemory(
    int id, Kind kind, String name, long sizeBytes, int seals, int mode, SysVKey sysv) {

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
  public record SysVKey(int key, int id, int uid, int gid, boolean markedForRemoval) {}

  /** Validates. */
  public SharedMemory {
    if (sizeBytes < 0 || sizeBytes > 1L << 50 || id < 1 || name.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("shared memory " + id + " of " + sizeBytes + " bytes");
    }
  }

  /** Its length in pages of 4 KiB, the last of which may be cut off. */
  public long pages() {
    return (sizeBytes + 4095) / 4096;
  }

  /** The name of its pagemap file. */
  public String pagemapName() {
    return "shared-" + id;
  }
}
