package dev.thaw.image;

/**
 * A lock that is held on a regular file.
 *
 * @param pid the owner of a POSIX lock, else 0
 * @param write exclusive, not shared
 * @param start first byte
 * @param lengthBytes 0 = up to the end of the file, wherever that comes to lie; FLOCK is always so
 */
public record FileLock(Kind kind, int pid, boolean write, long start, long lengthBytes) {

  /** Who holds it. */
  public enum Kind {
    /** flock(2): the open file description. */
    FLOCK,
    /** fcntl(2) F_SETLK: the process. */
    POSIX,
    /** fcntl(2) F_OFD_SETLK: the open file description. */
    OFD
  }

  /** Validates. */
  public FileLock {
    if (start < 0 || lengthBytes < 0) {
      throw new IllegalArgumentException("lock of " + lengthBytes + " bytes at " + start);
    }
  }
}
