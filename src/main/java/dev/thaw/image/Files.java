package dev.thaw.image;

import java.util.List;

/**
 * {@code files.json}: the open file descriptions of the tree, the memory that is shared in it,
 * small files that it maps, and who is told by signals that a file is ready.
 */
public record Files(
    List<OpenFile> files,
    List<SharedMemory> sharedMemory,
    List<KeptFile> keptFiles,
    List<SignalOwner> signalOwners) {
  /** The file's name. */
  public static final String FILE = "files.json";

  /** Validates. */
  public Files {
    files = List.copyOf(files);
    sharedMemory = List.copyOf(sharedMemory);
    keptFiles = List.copyOf(keptFiles);
    signalOwners = List.copyOf(signalOwners);
    if (files.stream().map(OpenFile::id).distinct().count() != files.size()
        || sharedMemory.stream().map(SharedMemory::id).distinct().count() != sharedMemory.size()) {
      throw new IllegalArgumentException("an id is used twice");
    }
    if (files.stream().anyMatch(file -> file.id() < 1)) {
      throw new IllegalArgumentException("an id below 1"); // 0 stands for no file
    }
  }
}
