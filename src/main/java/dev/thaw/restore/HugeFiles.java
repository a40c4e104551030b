package dev.thaw.restore;

import dev.thaw.image.SharedMemory;
import dev.thaw.linux.HugeMemfd;
import dev.thaw.pager.InitConnection;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The memfds of huge pages of a tree, filled before it maps them: the pager's tables count pages of
 * 4 KiB, and the kernel installs huge ones as wholes only.
 *
 * <p>thaw-init holds them while the tree takes them, and not longer: huge pages are few, and these
 * go with the last process that has them.
 */
final class HugeFiles implements AutoCloseable {
  private static final int PAGE_SHIFT = 12;

  private final InitConnection init;
  private final List<HugeMemfd> made = new ArrayList<>();
  private final List<Integer> held = new ArrayList<>();

  /**
   * @param init stays the caller's
   */
  HugeFiles(InitConnection init) {
    this.init = init;
  }

  /** The memory objects that become memfds of huge pages. */
  static List<SharedMemory> of(Images images) {
    return images.files().sharedMemory().stream()
        .filter(m -> m.kind() != SharedMemory.Kind.SYSV && m.isHuge())
        .toList();
  }

  /** Makes and fills all, and tells {@code context} the numbers that thaw-init has for them. */
  void make(Images images, PageWriter writer, RestoreContext context) throws IOException {
    for (SharedMemory memory : of(images)) {
      HugeMemfd memfd =
          HugeMemfd.create(Layouts.memfdName(memory), memory.sizeBytes(), memory.hugePageBytes());
      made.add(memfd);
      fill(images.runs(memory.pagemapName()), writer, memfd, memory);
      int number = init.hold(memfd);
      held.add(number);
      context.hugeFile(memory.id(), number);
    }
  }

  private static void fill(
      List<PagemapRun> runs, PageWriter writer, HugeMemfd memfd, SharedMemory memory)
      throws IOException {
    if (runs.isEmpty()) {
      return;
    }
    try (HugeMemfd.Mapping mapping = memfd.map(memory.sizeBytes())) {
      long firstPage = mapping.address() >>> PAGE_SHIFT;
      for (PagemapRun run : runs) {
        if (!run.zero()) { // as it is already, and takes no huge page
          writer.write(
              (int) ProcessHandle.current().pid(),
              new PagemapRun(firstPage + run.firstPage(), run.pageCount(), run.firstStorePage()));
        }
      }
    }
  }

  /** Lets go of them, also in thaw-init. */
  @Override
  public void close() throws IOException {
    made.forEach(HugeMemfd::close);
    for (int number : held) {
      init.drop(number);
    }
  }
}
