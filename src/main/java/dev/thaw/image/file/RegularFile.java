package dev.thaw.image.file;

import dev.thaw.image.FileIdentity;
import dev.thaw.image.FileLock;
import dev.thaw.image.OpenFile;
import java.util.List;

/**
 * A regular file or a directory of a file system, or an O_PATH descriptor of anything with a path.
 *
 * @param offsetBytes the file position
 * @param locks that are held through it
 */
public record RegularFile(
    int id, int flags, FileIdentity file, long offsetBytes, boolean directory, List<FileLock> locks)
    implements OpenFile {
  /** Validates. */
  public RegularFile {
    locks = List.copyOf(locks);
    if (offsetBytes < 0) {
      throw new IllegalArgumentException(file.path() + " at offset " + offsetBytes);
    }
  }

  @Override
  public String describe() {
    return (directory ? "directory " : "file ") + file.path();
  }
}
