package dev.thaw.image.file;

import dev.thaw.image.FileIdentity;
import dev.thaw.image.OpenFile;

/**
 * A regular file or a directory of a file system, or an O_PATH descriptor of anything with a path.
 *
 * @param offsetBytes the file position
 */
public record RegularFile(int id, int flags, FileIdentity file, long offsetBytes, boolean directory)
    implements OpenFile {
  @Override
  public String describe() {
    return (directory ? "directory " : "file ") + file.path();
  }
}
