package dev.thaw.image.file;

import dev.thaw.image.OpenFile;

/**
 * A memfd, or an unlinked file of a tmpfs: a descriptor of {@link dev.thaw.image.SharedMemory}.
 *
 * @param object id of the shared memory
 * @param seals F_GET_SEALS
 */
public record MemoryFile(int id, int flags, int object, long offsetBytes, int seals)
    implements OpenFile {
  /** Validates. */
  public MemoryFile {
    if (offsetBytes < 0) {
      throw new IllegalArgumentException("memfd at offset " + offsetBytes);
    }
  }

  @Override
  public int sharedMemory() {
    return object;
  }

  @Override
  public String describe() {
    return "memory " + object;
  }
}
