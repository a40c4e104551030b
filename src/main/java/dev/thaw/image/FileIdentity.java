package dev.thaw.image;

/**
 * A file that must be there again, and how to tell whether it changed.
 *
 * @param path absolute, as the process sees it
 * @param sizeBytes at the dump
 * @param modifiedNanos mtime since the epoch; a change of it is refused only where {@code strict}
 * @param buildId of an ELF file, hex; empty if it has none
 * @param strict a changed file would change the memory of the program: mapped privately and not
 *     open for writing inside the tree
 */
public record FileIdentity(
    String path, long sizeBytes, long modifiedNanos, String buildId, boolean strict) {
  /** Validates. */
  public FileIdentity {
    if (!path.startsWith("/") || path.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("not an absolute path: " + path);
    }
    if (sizeBytes < 0) {
      throw new IllegalArgumentException(path + " with " + sizeBytes + " bytes");
    }
  }
}
