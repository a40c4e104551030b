package dev.thaw.restore.fd;

import dev.thaw.image.OpenFile;

/**
 * Compiles one kind of open file: the second half of an entry of {@link dev.thaw.image.FileKind}.
 *
 * @param <T> its record
 */
public interface FileRestore<T extends OpenFile> {
  /** Adds what brings {@code file} back to the programs of its creator. */
  void plan(T file, FilePlan plan);
}
