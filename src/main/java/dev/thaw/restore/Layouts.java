package dev.thaw.restore;

import dev.thaw.image.ImageFormatException;
import dev.thaw.image.Manifest;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.pager.BackingSpec;
import dev.thaw.pager.Extent;
import dev.thaw.pager.Slot;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How the memory of a whole checkpoint is laid out in memfds. */
final class Layouts {
  private static final String PRIVATE_MEMFD = "thaw-private";
  private static final String SHARED_MEMFD = "thaw-shared";
  private static final int PAGE_SHIFT = 12;

  private Layouts() {}

  /** The layout of each living process, by pid; parents come first. */
  static Map<Integer, MemoryLayout> of(Images images, MemoryMode mode) throws IOException {
    Map<Integer, MemoryLayout> layouts = new LinkedHashMap<>();
    for (Manifest.TreeNode node : images.manifest().processes()) {
      if (!node.zombie()) {
        // A process may share memory with what was laid out before it.
        Optional<MemoryLayout> parent = Optional.ofNullable(layouts.get(node.ppid()));
        layouts.put(node.pid(), layOut(images, node.pid(), mode, parent));
      }
    }
    return mode == MemoryMode.GRADUATE ? graduated(layouts) : layouts;
  }

  /** Those of {@link MemoryMode#GRADUATE}, from those of {@link MemoryMode#SHARE}. */
  static Map<Integer, MemoryLayout> graduated(Map<Integer, MemoryLayout> shared) {
    Map<Integer, MemoryLayout> layouts = new LinkedHashMap<>();
    shared.forEach((pid, layout) -> layouts.put(pid, layout.graduated()));
    return layouts;
  }

  private static MemoryLayout layOut(
      Images images, int pid, MemoryMode mode, Optional<MemoryLayout> parent)
      throws ImageFormatException {
    try {
      return new MemoryLayout(
          images.process(pid), images.runs(ProcessImage.pagemapName(pid)), mode, parent);
    } catch (IllegalArgumentException e) {
      throw new ImageFormatException(ProcessImage.fileName(pid) + ": " + e.getMessage());
    }
  }

  /** The memfd of a process's private memory, which it must have. */
  static BackingSpec privateBacking(MemoryLayout layout) {
    return layout.privateBacking(PRIVATE_MEMFD);
  }

  /** The memory objects that become memfds of their own, which the pager fills. */
  static List<SharedMemory> sharedMemfds(Images images) {
    return images.files().sharedMemory().stream()
        .filter(m -> m.kind() != SharedMemory.Kind.SYSV && !m.isHuge() && m.sizeBytes() > 0)
        .toList();
  }

  /** The memfd of a memory object. */
  static BackingSpec sharedBacking(Images images, SharedMemory memory) {
    List<Extent> content = new ArrayList<>();
    for (PagemapRun run : images.runs(memory.pagemapName())) {
      content.add(new Extent(run.firstPage(), run.pageCount(), run.firstStorePage()));
    }
    return new BackingSpec(memfdName(memory), true, List.of(new Slot(0, pagesOf(memory))), content);
  }

  /** What /proc/PID/maps shows of it. */
  static String memfdName(SharedMemory memory) {
    return memory.kind() == SharedMemory.Kind.MEMFD ? memory.name() : SHARED_MEMFD;
  }

  /** Its length, rounded up to pages. */
  static long pagesOf(SharedMemory memory) {
    return (memory.sizeBytes() + (1 << PAGE_SHIFT) - 1) >>> PAGE_SHIFT;
  }
}
