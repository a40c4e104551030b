package dev.thaw.store;

import java.nio.LongBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Decides for each page whether it is stored, and where. Buffers come here in the order of their
 * tickets, so the same pages put by one thread give the same store, whoever compresses; neighbours
 * in memory are neighbours in the store.
 *
 * <p>This is the one serial part of writing: it looks at fingerprints only, the pages are copied
 * and compressed outside of its lock. The lock guards everything here and the sinks, and no other
 * is taken under it.
 */
final class PageAssigner {
  /** Pages of a buffer that go to one frame. */
  record Piece(Frame frame, int framePage, int bufferPage, int pageCount) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition turn = lock.newCondition();
  private final ArrayDeque<Frame> idle = new ArrayDeque<>();
  private final KnownPages known;
  private final int framePages;
  private long nextTicket;
  private long nextStorePage;
  private Frame open;
  private boolean aborted;

  PageAssigner(int framePages, int maxKnownPages) {
    this.framePages = framePages;
    known = new KnownPages(maxKnownPages);
  }

  /**
   * Waits for the buffer's turn and decides.
   *
   * @param fingerprints two longs a page
   * @param pieces gets what is to be copied to frames
   * @return false if writing was aborted
   */
  boolean assign(PageBuffer buffer, LongBuffer fingerprints, List<Piece> pieces) {
    lock.lock();
    try {
      while (nextTicket != buffer.ticket && !aborted) {
        turn.awaitUninterruptibly();
      }
      if (aborted) {
        return false;
      }
      buffer.forEach(
          (index, sink, key) -> {
            long first = fingerprints.get(2 * index);
            long second = fingerprints.get(2 * index + 1);
            if (first == 0 && second == 0) {
              sink.zero(key);
              return;
            }
            long page = known.findOrAdd(first, second, nextStorePage);
            if (page >= 0) {
              sink.stored(key, page, true);
            } else {
              sink.stored(key, nextStorePage, false);
              place(index, pieces);
            }
          });
      nextTicket++;
      turn.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void place(int bufferPage, List<Piece> pieces) {
    int framePage = (int) (nextStorePage % framePages);
    if (framePage == 0) {
      Frame frame = idle.isEmpty() ? new Frame(framePages) : idle.pop();
      open = frame.restart(nextStorePage / framePages);
    }
    nextStorePage++;
    int last = pieces.size() - 1;
    if (last >= 0 && framePage > 0) {
      Piece piece = pieces.get(last);
      if (piece.frame == open && piece.bufferPage + piece.pageCount == bufferPage) {
        pieces.set(last, new Piece(open, piece.framePage, piece.bufferPage, piece.pageCount + 1));
        return;
      }
    }
    pieces.add(new Piece(open, framePage, bufferPage, 1));
  }

  /** Takes back a frame that was written. */
  void giveBack(Frame frame) {
    lock.lock();
    try {
      idle.push(frame);
    } finally {
      lock.unlock();
    }
  }

  /** Nobody waits for a turn any more. */
  void abort() {
    lock.lock();
    try {
      aborted = true;
      turn.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Pages stored so far. */
  long storePages() {
    lock.lock();
    try {
      return nextStorePage;
    } finally {
      lock.unlock();
    }
  }

  /** The frame that is not full, or null; when no buffer is under way. */
  Frame lastFrame() {
    lock.lock();
    try {
      return nextStorePage % framePages == 0 ? null : open;
    } finally {
      lock.unlock();
    }
  }
}
