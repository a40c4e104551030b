package dev.thaw.pager;

import dev.thaw.linux.Memfd;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which pages of which memfds a frame of the store fills. A page of the store may go to several
 * places. Immutable once built; one for all backings.
 */
final class FrameMap {
  private final int framePages;
  private final int[] firstPiece; // per frame, and one more
  private final Piece[] pieces;
  private final long[] byIndex; // first index of each piece, ascending
  private final int[] byIndexPiece;
  private final int[] frameOfPiece;

  /**
   * A part of an extent that lies in one frame and in one slot.
   *
   * @param pageInFrame where it begins in the frame
   * @param firstPage where it goes in the memfd
   * @param index of its first page's byte
   */
  record Piece(Target target, int pageInFrame, int pageCount, long firstPage, long index) {}

  /** The memfd of a backing. */
  record Target(Memfd memfd, boolean shared) {}

  /** What is known of one backing. */
  record Content(Target target, List<SessionTable.IndexedSlot> slots, List<Extent> extents) {}

  FrameMap(int framePages, long frameCount, List<Content> contents) {
    this.framePages = framePages;
    int[] counts = new int[Math.toIntExact(frameCount) + 1];
    for (Content content : contents) {
      for (Extent extent : content.extents()) {
        long last = extent.firstStorePage() + extent.pageCount() - 1;
        for (long f = extent.firstStorePage() / framePages; f <= last / framePages; f++) {
          counts[(int) f + 1]++;
        }
      }
    }
    Arrays.parallelPrefix(counts, Integer::sum);
    firstPiece = counts;
    pieces = new Piece[counts[counts.length - 1]];
    int[] next = Arrays.copyOf(firstPiece, firstPiece.length);
    for (Content content : contents) {
      int slot = 0;
      for (Extent extent : content.extents()) {
        while (end(content.slots().get(slot)) <= extent.firstPage()) {
          slot++;
        }
        place(content.target(), content.slots().get(slot), extent, next);
      }
    }
    frameOfPiece = new int[pieces.length];
    for (int frame = 0; frame < frameCount; frame++) {
      Arrays.fill(frameOfPiece, firstPiece[frame], firstPiece[frame + 1], frame);
    }
    byIndexPiece =
        IntStream.range(0, pieces.length)
            .boxed()
            .sorted(Comparator.comparingLong(i -> pieces[i].index()))
            .mapToInt(Integer::intValue)
            .toArray();
    byIndex = Arrays.stream(byIndexPiece).mapToLong(i -> pieces[i].index()).toArray();
  }

  /** The frame that fills the page with byte {@code index}, or -1 where none does. */
  int frameOf(long index) {
    int at = Arrays.binarySearch(byIndex, index);
    int piece = at >= 0 ? at : -at - 2;
    if (piece < 0) {
      return -1;
    }
    Piece found = pieces[byIndexPiece[piece]];
    return index < found.index() + found.pageCount() ? frameOfPiece[byIndexPiece[piece]] : -1;
  }

  private static long end(SessionTable.IndexedSlot slot) {
    return slot.firstPage() + slot.pageCount();
  }

  private void place(Target target, SessionTable.IndexedSlot slot, Extent extent, int[] next) {
    long done = 0;
    while (done < extent.pageCount()) {
      long storePage = extent.firstStorePage() + done;
      int frame = (int) (storePage / framePages);
      int inFrame = (int) (storePage % framePages);
      int count = (int) Math.min(framePages - inFrame, extent.pageCount() - done);
      long page = extent.firstPage() + done;
      pieces[next[frame]++] =
          new Piece(target, inFrame, count, page, slot.index() + page - slot.firstPage());
      done += count;
    }
  }

  int frameCount() {
    return firstPiece.length - 1;
  }

  /** The pieces of a frame. */
  List<Piece> pieces(int frame) {
    return Arrays.asList(pieces).subList(firstPiece[frame], firstPiece[frame + 1]);
  }
}
