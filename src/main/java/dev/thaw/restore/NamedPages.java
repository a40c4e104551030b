package dev.thaw.restore;

import dev.thaw.image.Addr;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.store.CorruptFrameException;
import dev.thaw.store.PageSource;
import dev.thaw.store.PagemapRun;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The pages of a checkpoint; where a frame of them is lost, the failure tells whose memory it was.
 * Thread safe.
 */
final class NamedPages implements PageSource {
  private static final int PAGE_SHIFT = 12;

  private final Images images;
  private final PageSource pages;

  NamedPages(Images images) {
    this.images = images;
    this.pages = images.pages();
  }

  @Override
  public long pageCount() {
    return pages.pageCount();
  }

  @Override
  public int framePages() {
    return pages.framePages();
  }

  @Override
  public void readFrame(long frame, ByteBuffer out) throws CorruptFrameException {
    try {
      pages.readFrame(frame, out);
    } catch (CorruptFrameException e) {
      throw e.of(owners(e));
    }
  }

  /** {@code "pid 7: 0x7f0000-0x7f8000; shared memory 2: 0x0-0x1000"}. */
  private String owners(CorruptFrameException lost) {
    List<String> owners = new ArrayList<>();
    for (ProcessImage process : images.processes()) {
      String name = ProcessImage.pagemapName(process.pid());
      add(owners, "pid " + process.pid(), images.runs(name), lost);
    }
    for (SharedMemory memory : images.files().sharedMemory()) {
      add(owners, "shared memory " + memory.id(), images.runs(memory.pagemapName()), lost);
    }
    return String.join("; ", owners);
  }

  private static void add(
      List<String> owners, String owner, List<PagemapRun> runs, CorruptFrameException lost) {
    List<String> ranges = new ArrayList<>();
    long firstLost = lost.firstStorePage();
    long endLost = firstLost + lost.pageCount();
    for (PagemapRun run : runs) {
      long from = Math.max(firstLost, run.firstStorePage());
      long to = Math.min(endLost, run.firstStorePage() + run.pageCount());
      if (!run.zero() && from < to) {
        long first = run.firstPage() + from - run.firstStorePage();
        ranges.add(address(first) + "-" + address(first + to - from));
      }
    }
    if (!ranges.isEmpty()) {
      owners.add(owner + ": " + String.join(", ", ranges));
    }
  }

  private static Addr address(long page) {
    return Addr.of(page << PAGE_SHIFT);
  }
}
