package dev.thaw.pager;

import dev.thaw.linux.Memfd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Which pages of which memfds a frame of the store fills, and which frame fills a page. A page of
 * the store may go to several places. Immutable once built; one for all backings.
 *
 * <p>Kept as plain arrays: it is built before the tree runs, and should cost nothing there.
 */
final class FrameMap {
  private final int framePages;
  private final List<Target> targets = new ArrayList<>();

  // Per extent, ascending by index: the table byte of its first page, where it goes, whence.
  private final long[] index;
  private final long[] firstPage;
  private final long[] pageCount;
  private final long[] storePage;
  private final int[] target;

  // The extents that a frame has a part in: extentsOf[firstOf[frame] .. firstOf[frame + 1]).
  private final int[] firstOf;
  private final int[] extentsOf;

  /**
   * A part of an extent that lies in one frame.
   *
   * @param pageInFrame where it begins in the frame
   * @param firstPage where it goes in the memfd
   * @param index of its first page's byte
   */
  record Piece(Target target, int pageInFrame, int pageCount, long firstPage, long index) {}

  /** The memfd of a backing, which has that number. */
  record Target(int backing, Memfd memfd, boolean shared) {}

  /** What is known of one backing; slots and extents ascend. */
  record Content(Target target, List<SessionTable.IndexedSlot> slots, List<Extent> extents) {}

  /** Makes the map; {@code contents} in the order of their indices. */
  FrameMap(int framePages, long frameCount, List<Content> contents) {
    this.framePages = framePages;
    int count = contents.stream().mapToInt(c -> c.extents().size()).sum();
    index = new long[count];
    firstPage = new long[count];
    pageCount = new long[count];
    storePage = new long[count];
    target = new int[count];
    int at = 0;
    for (Content content : contents) {
      targets.add(content.target());
      int slot = 0;
      for (Extent extent : content.extents()) {
        while (end(content.slots().get(slot)) <= extent.firstPage()) {
          slot++;
        }
        SessionTable.IndexedSlot found = content.slots().get(slot);
        index[at] = found.index() + extent.firstPage() - found.firstPage();
        firstPage[at] = extent.firstPage();
        pageCount[at] = extent.pageCount();
        storePage[at] = extent.firstStorePage();
        target[at++] = targets.size() - 1;
      }
    }
    firstOf = new int[Math.toIntExact(frameCount) + 1];
    extentsOf = invert();
  }

  private static long end(SessionTable.IndexedSlot slot) {
    return slot.firstPage() + slot.pageCount();
  }

  private int[] invert() {
    for (int e = 0; e < index.length; e++) {
      for (int f = firstFrame(e); f <= lastFrame(e); f++) {
        firstOf[f + 1]++;
      }
    }
    for (int f = 1; f < firstOf.length; f++) {
      firstOf[f] += firstOf[f - 1];
    }
    int[] next = firstOf.clone();
    int[] out = new int[firstOf[firstOf.length - 1]];
    for (int e = 0; e < index.length; e++) {
      for (int f = firstFrame(e); f <= lastFrame(e); f++) {
        out[next[f]++] = e;
      }
    }
    return out;
  }

  private int firstFrame(int extent) {
    return (int) (storePage[extent] / framePages);
  }

  private int lastFrame(int extent) {
    return (int) ((storePage[extent] + pageCount[extent] - 1) / framePages);
  }

  int frameCount() {
    return firstOf.length - 1;
  }

  /** The frame that fills the page with byte {@code pageIndex}, or -1 where none does. */
  int frameOf(long pageIndex) {
    int at = Arrays.binarySearch(index, pageIndex);
    int extent = at >= 0 ? at : -at - 2;
    if (extent < 0 || pageIndex >= index[extent] + pageCount[extent]) {
      return -1;
    }
    return (int) ((storePage[extent] + pageIndex - index[extent]) / framePages);
  }

  /** What a frame fills. */
  List<Piece> pieces(int frame) {
    List<Piece> pieces = new ArrayList<>(firstOf[frame + 1] - firstOf[frame]);
    long frameStart = (long) frame * framePages;
    for (int i = firstOf[frame]; i < firstOf[frame + 1]; i++) {
      int e = extentsOf[i];
      long from = Math.max(frameStart, storePage[e]);
      long to = Math.min(frameStart + framePages, storePage[e] + pageCount[e]);
      long skipped = from - storePage[e];
      pieces.add(
          new Piece(
              targets.get(target[e]),
              (int) (from - frameStart),
              (int) (to - from),
              firstPage[e] + skipped,
              index[e] + skipped));
    }
    return pieces;
  }
}
