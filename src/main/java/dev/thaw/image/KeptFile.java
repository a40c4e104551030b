package dev.thaw.image;

/**
 * A small file that the tree maps shared and writable, with its content: made anew where it is
 * missing at the restore. HotSpot's {@code /tmp/hsperfdata_USER/PID} is deleted by the next JVM
 * that starts after the process has ended.
 *
 * @param path absolute
 * @param mode permission bits
 * @param uid owner, as is {@code gid}
 */
public record KeptFile(String path, int mode, int uid, int gid, byte[] content) {
  /** The largest file that is kept, in bytes. */
  public static final int LIMIT_BYTES = 1 << 20;

  /** Validates. */
  public KeptFile {
    if (mode < 0 || mode > 07777) {
      throw new IllegalArgumentException("kept file " + path + " with mode " + mode);
    }
    if (!path.startsWith("/") || path.indexOf('\0') >= 0 || content.length > LIMIT_BYTES) {
      throw new IllegalArgumentException("kept file " + path + " of " + content.length + " bytes");
    }
  }
}
