package dev.thaw.image;

/**
 * One open file description, shared by all descriptors that refer to it. Each kind is a record of
 * its own in {@code image.file}, listed in {@link FileKind}.
 */
public interface OpenFile {
  /** Unique in the checkpoint. */
  int id();

  /** The status flags of open(2), as {@code fdinfo} shows them, without O_CLOEXEC. */
  int flags();

  /** The id of the {@link SharedMemory} that it gives access to, or 0. */
  default int sharedMemory() {
    return 0;
  }

  /** What a message calls it, e.g. {@code "pipe 4711"}. */
  String describe();
}
