package dev.thaw.image;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.annotation.JsonTypeIdResolver;

/**
 * One open file description, shared by all descriptors that refer to it. Each kind is a record of
 * its own in {@code image.file}, listed in {@link FileKind}.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.CUSTOM, property = "kind")
@JsonTypeIdResolver(FileKind.Resolver.class)
public interface OpenFile {
  /** Unique in the checkpoint. */
  int id();

  /** The status flags of open(2), as {@code fdinfo} shows them, without O_CLOEXEC. */
  int flags();

  /** The id of the {@link SharedMemory} that it gives access to, or 0. */
  @JsonIgnore
  default int sharedMemory() {
    return 0;
  }

  /** What a message calls it, e.g. {@code "pipe 4711"}. */
  @JsonIgnore
  String describe();
}
