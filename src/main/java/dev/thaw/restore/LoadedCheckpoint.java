package dev.thaw.restore;

import dev.thaw.image.SharedMemory;
import dev.thaw.pager.BackingSpec;
import dev.thaw.pager.FilledMemory;
import dev.thaw.store.CheckpointDir;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A checkpoint that is read, checked and in memory: what is restored from it waits for no page.
 * Huge pages are not kept so, since they are few: each restore reads them from the directory.
 * Immutable; many may be restored from it at once, but not while it is closed.
 */
public final class LoadedCheckpoint implements AutoCloseable {
  private final Path directory;
  private final byte[] checksums;
  private final Images images;
  private final Filled filled;

  /** Of {@link MemoryMode#SHARE}, by pid. */
  private final Map<Integer, MemoryLayout> shared;

  /** Of {@link MemoryMode#GRADUATE}. */
  private final Map<Integer, MemoryLayout> graduated;

  /** By pid, of both modes; without those that are too many to keep. */
  private final Map<Integer, WrittenPages> written;

  private final Map<Path, FileCheck.Approved> approvedFiles = new ConcurrentHashMap<>();

  private LoadedCheckpoint(
      Path directory,
      byte[] checksums,
      Images images,
      Map<Integer, MemoryLayout> layouts,
      FilledMemory.Watcher watcher)
      throws IOException {
    this.directory = directory;
    this.checksums = checksums;
    this.images = images;
    shared = layouts;
    graduated = Layouts.graduated(layouts);
    written = written(images, layouts);
    filled = Filled.of(images, layouts, watcher); // last: nothing fails that would have to close it
  }

  /** The memfds, and the number of each process's and of each shared memory's. */
  private record Filled(
      FilledMemory memory,
      Map<Integer, Integer> privateNumbers,
      Map<Integer, Integer> sharedNumbers) {
    static Filled of(
        Images images, Map<Integer, MemoryLayout> layouts, FilledMemory.Watcher watcher)
        throws IOException {
      List<BackingSpec> specs = new ArrayList<>();
      Map<Integer, Integer> privateNumbers = new HashMap<>();
      Map<Integer, Integer> sharedNumbers = new HashMap<>();
      for (MemoryLayout layout : layouts.values()) {
        if (layout.hasPrivateBacking()) {
          privateNumbers.put(layout.pid(), specs.size());
          specs.add(Layouts.privateBacking(layout));
        }
      }
      for (SharedMemory object : Layouts.sharedMemfds(images)) {
        sharedNumbers.put(object.id(), specs.size());
        specs.add(Layouts.sharedBacking(images, object));
      }
      return new Filled(
          FilledMemory.fill(specs, images.pages(), watcher), privateNumbers, sharedNumbers);
    }
  }

  /**
   * Loads all of it, and works out what is the same for every restore.
   *
   * @throws IOException if any byte of it is not as it was written
   */
  public static LoadedCheckpoint load(Path directory, FilledMemory.Watcher watcher)
      throws IOException {
    Images images = Images.open(directory);
    byte[] checksums = CheckpointDir.fingerprint(directory);
    try {
      return new LoadedCheckpoint(
          directory.toRealPath(), checksums, images, Layouts.of(images, MemoryMode.SHARE), watcher);
    } catch (IOException | RuntimeException e) {
      images.close();
      throw e;
    }
  }

  private static Map<Integer, WrittenPages> written(
      Images images, Map<Integer, MemoryLayout> layouts) throws IOException {
    Map<Integer, WrittenPages> written = new HashMap<>();
    for (MemoryLayout layout : layouts.values()) {
      if (WrittenPages.fit(layout)) {
        PageWriter reader = new PageWriter(new NamedPages(images));
        written.put(layout.pid(), WrittenPages.of(layout, reader));
      }
    }
    return written;
  }

  /**
   * Whether {@code other} is the directory that was loaded, and holds the same checkpoint still.
   */
  public boolean isOf(Path other) {
    try {
      return other.toRealPath().equals(directory)
          && Arrays.equals(CheckpointDir.fingerprint(other), checksums);
    } catch (IOException e) {
      return false;
    }
  }

  /** The directory, absolute. */
  public Path directory() {
    return directory;
  }

  /** What was read. */
  public Images images() {
    return images;
  }

  /** Pages in memory: what it costs. */
  public long pageCount() {
    return filled.memory().pageCount();
  }

  /**
   * The layouts of {@link Layouts#of}: many thousands of runs, which do not change.
   *
   * @param mode {@link MemoryMode#SHARE} or {@link MemoryMode#GRADUATE}
   */
  Map<Integer, MemoryLayout> layouts(MemoryMode mode) {
    return mode == MemoryMode.GRADUATE ? graduated : shared;
  }

  /** The written pages of a process; empty where they are too many to keep. */
  Optional<WrittenPages> written(int pid) {
    return Optional.ofNullable(written.get(pid));
  }

  /** The files that restores of it have found to be right. Thread safe. */
  Map<Path, FileCheck.Approved> approvedFiles() {
    return approvedFiles;
  }

  FilledMemory memory() {
    return filled.memory();
  }

  int privateNumber(int pid) {
    return filled.privateNumbers().get(pid);
  }

  int sharedNumber(int object) {
    return filled.sharedNumbers().get(object);
  }

  /** Lets go: the memory goes with the last process that was restored from it. */
  @Override
  public void close() throws IOException {
    filled.memory().close();
    images.close();
  }
}
