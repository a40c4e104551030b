package dev.thaw.restore;

import dev.thaw.image.SharedMemory;
import dev.thaw.pager.BackingSpec;
import dev.thaw.pager.FilledMemory;
import dev.thaw.store.CheckpointDir;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
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
  private final FilledMemory memory;
  private final Map<Integer, Integer> privateNumbers;
  private final Map<Integer, Integer> sharedNumbers;

  /** By mode, as they are first asked for. Guarded by itself. */
  private final Map<MemoryMode, Map<Integer, MemoryLayout>> layouts =
      new EnumMap<>(MemoryMode.class);

  /** By mode and pid, as they are first asked for. Guarded by itself. */
  private final Map<MemoryMode, Map<Integer, WrittenPages>> written =
      new EnumMap<>(MemoryMode.class);

  private final Map<Path, FileCheck.Approved> approvedFiles = new ConcurrentHashMap<>();

  private LoadedCheckpoint(
      Path directory,
      byte[] checksums,
      Images images,
      FilledMemory memory,
      Map<Integer, Integer> privateNumbers,
      Map<Integer, Integer> sharedNumbers) {
    this.directory = directory;
    this.checksums = checksums;
    this.images = images;
    this.memory = memory;
    this.privateNumbers = privateNumbers;
    this.sharedNumbers = sharedNumbers;
  }

  /**
   * Loads all of it.
   *
   * @throws IOException if any byte of it is not as it was written
   */
  public static LoadedCheckpoint load(Path directory, FilledMemory.Watcher watcher)
      throws IOException {
    Images images = Images.open(directory);
    byte[] checksums = CheckpointDir.fingerprint(directory);
    try {
      List<BackingSpec> specs = new ArrayList<>();
      Map<Integer, Integer> privateNumbers = new HashMap<>();
      Map<Integer, Integer> sharedNumbers = new HashMap<>();
      for (MemoryLayout layout : Layouts.of(images, MemoryMode.SHARE).values()) {
        if (layout.hasPrivateBacking()) {
          privateNumbers.put(layout.pid(), specs.size());
          specs.add(Layouts.privateBacking(layout));
        }
      }
      for (SharedMemory object : Layouts.sharedMemfds(images)) {
        sharedNumbers.put(object.id(), specs.size());
        specs.add(Layouts.sharedBacking(images, object));
      }
      FilledMemory memory = FilledMemory.fill(specs, images.pages(), watcher);
      return new LoadedCheckpoint(
          directory.toRealPath(), checksums, images, memory, privateNumbers, sharedNumbers);
    } catch (IOException | RuntimeException e) {
      images.close();
      throw e;
    }
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
    return memory.pageCount();
  }

  /** The layouts of {@link Layouts#of}: many thousands of runs, which do not change. */
  Map<Integer, MemoryLayout> layouts(MemoryMode mode) throws IOException {
    synchronized (layouts) {
      if (!layouts.containsKey(mode)) {
        layouts.put(mode, Layouts.of(images, mode));
      }
      return layouts.get(mode);
    }
  }

  /** The written pages of a process in a mode's layout; empty where they are too many to keep. */
  Optional<WrittenPages> written(MemoryMode mode, MemoryLayout layout) throws IOException {
    if (!WrittenPages.fit(layout)) {
      return Optional.empty();
    }
    synchronized (written) {
      Map<Integer, WrittenPages> ofMode = written.computeIfAbsent(mode, m -> new HashMap<>());
      WrittenPages known = ofMode.get(layout.pid());
      if (known == null) {
        known = WrittenPages.of(layout, new PageWriter(new NamedPages(images)));
        ofMode.put(layout.pid(), known);
      }
      return Optional.of(known);
    }
  }

  /** The files that restores of it have found to be right. Thread safe. */
  Map<Path, FileCheck.Approved> approvedFiles() {
    return approvedFiles;
  }

  FilledMemory memory() {
    return memory;
  }

  int privateNumber(int pid) {
    return privateNumbers.get(pid);
  }

  int sharedNumber(int object) {
    return sharedNumbers.get(object);
  }

  /** Lets go: the memory goes with the last process that was restored from it. */
  @Override
  public void close() throws IOException {
    memory.close();
    images.close();
  }
}
