package dev.thaw.pager;

import dev.thaw.linux.Memfd;
import dev.thaw.store.Joining;
import dev.thaw.store.PageSource;
import java.io.IOException;
import java.lang.System.Logger;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.BooleanSupplier;

/**
 * Fills memfds from the store: what is asked for at once, all the rest in the background, frame by
 * frame, on a few threads. No thread waits longer than for the frame in hand.
 *
 * <p>A frame is filled by one thread; who asks for it meanwhile waits for that one. Thread safe.
 */
final class Filler implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Filler.class.getName());
  private static final int NEW = 0;
  private static final int BUSY = 1;
  private static final int DONE = 2;

  private final PageSource source;
  private final SessionTable table;
  private final FrameMap map;
  private final Optional<TreePays> treePays;
  private final AtomicIntegerArray state;
  private final List<Thread> threads = new ArrayList<>();

  /** Guards the five below; no other lock is taken under it. */
  private final Object lock = new Object();

  private final ArrayDeque<Job> demanded = new ArrayDeque<>();
  private int nextFrame = -1; // of the background; -1: not wanted yet
  private int framesLeft;
  private BooleanSupplier wanted = () -> true;
  private boolean closed;
  private final CompletableFuture<Void> all = new CompletableFuture<>();

  private record Job(int frame, boolean refill, boolean fault, CompletableFuture<Void> done) {}

  /**
   * Starts the threads.
   *
   * @param treePays where it is not this process that pays for the pages
   * @param resumed whether a filler before this one may have filled some of it
   */
  Filler(
      PageSource source,
      SessionTable table,
      FrameMap map,
      Optional<TreePays> treePays,
      int threadCount,
      boolean resumed) {
    this.treePays = treePays;
    this.source = source;
    this.table = table;
    this.map = map;
    this.state = new AtomicIntegerArray(map.frameCount());
    framesLeft = map.frameCount();
    for (int i = 0; resumed && i < map.frameCount(); i++) {
      if (isFilled(i)) {
        state.set(i, DONE);
        framesLeft--;
      }
    }
    for (int i = 0; i < threadCount; i++) {
      Thread thread = new Thread(this::work, "filler-" + i);
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
  }

  /** Whether a filler before this one has filled it: then nothing of it may be written again. */
  private boolean isFilled(int frame) {
    for (FrameMap.Piece piece : map.pieces(frame)) {
      for (int i = 0; i < piece.pageCount(); i++) {
        if (!isSettled(piece.index() + i)) {
          return false;
        }
      }
    }
    return true;
  }

  private boolean isSettled(long index) {
    return (table.page(index) & (Tables.PAGE_FILLED | Tables.PAGE_POISONED)) != 0;
  }

  /**
   * Fills the frame ahead of all others. The future is done when its pages are there, or poisoned.
   *
   * @param fault whether a thread of the tree waits for it
   */
  CompletableFuture<Void> demand(int frame, boolean refill, boolean fault) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    if (!refill && state.get(frame) == DONE) {
      done.complete(null);
      return done;
    }
    synchronized (lock) {
      demanded.add(new Job(frame, refill, fault, done));
      lock.notifyAll(); // a worker may wait for a frame, another for work
    }
    return done;
  }

  /**
   * Fills everything, in the order of the store.
   *
   * @param wanted asked before each frame: once it says no, nothing is filled in the background any
   *     more, and the future is done
   */
  CompletableFuture<Void> fillAll(BooleanSupplier wanted) {
    synchronized (lock) {
      this.wanted = wanted;
      if (nextFrame < 0) {
        nextFrame = 0;
      }
      lock.notifyAll();
      finishIfDone();
    }
    return all;
  }

  private void finishIfDone() {
    if (framesLeft == 0 && nextFrame >= 0) {
      table.set(Tables.FILL_DONE, 1);
      all.complete(null);
    }
  }

  private void work() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(source.framePages() * PageSource.PAGE_BYTES);
    for (Job job = next(); job != null; job = next()) {
      try {
        perform(job, buffer);
        job.done().complete(null);
      } catch (RuntimeException | Error e) {
        LOG.log(Logger.Level.ERROR, "frame " + job.frame() + " cannot be filled", e);
        job.done().completeExceptionally(e);
        all.completeExceptionally(e);
      }
    }
  }

  /** The next frame: demanded ones first. Null when there will be none. */
  private Job next() {
    synchronized (lock) {
      while (!closed) {
        if (!demanded.isEmpty()) {
          return demanded.poll();
        }
        while (nextFrame >= 0 && nextFrame < map.frameCount()) {
          if (!wanted.getAsBoolean()) {
            nextFrame = map.frameCount();
            all.complete(null);
            break;
          }
          int frame = nextFrame++;
          if (state.get(frame) == NEW) {
            return new Job(frame, false, false, new CompletableFuture<>());
          }
        }
        try {
          lock.wait();
        } catch (InterruptedException e) {
          return null;
        }
      }
      return null;
    }
  }

  private void perform(Job job, ByteBuffer buffer) {
    int frame = job.frame();
    if (state.compareAndSet(frame, NEW, BUSY)) {
      fill(job, false, buffer);
      synchronized (lock) {
        state.set(frame, DONE);
        framesLeft--;
        finishIfDone();
        lock.notifyAll();
      }
    } else if (job.refill()) {
      fill(job, true, buffer);
    } else {
      awaitDone(frame);
    }
  }

  private void awaitDone(int frame) {
    synchronized (lock) {
      while (state.get(frame) != DONE && !closed) {
        try {
          lock.wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }
  }

  private void fill(Job job, boolean again, ByteBuffer buffer) {
    int frame = job.frame();
    List<FrameMap.Piece> pieces = map.pieces(frame);
    if (pieces.isEmpty()) {
      return;
    }
    try {
      buffer.clear();
      source.readFrame(frame, buffer);
      treePays.ifPresent(pays -> pays.before(frame, job.fault(), again));
      for (FrameMap.Piece piece : pieces) {
        write(piece, again, buffer);
      }
    } catch (IOException e) {
      LOG.log(
          Logger.Level.ERROR, e.getMessage() + "; its pages are poisoned: SIGBUS where touched");
      for (FrameMap.Piece piece : pieces) {
        poison(piece);
      }
    }
  }

  /**
   * Writes the pages that are not there yet. Those that are may have been written to since, if the
   * memfd is shared; a private one holds what the image holds.
   */
  private void write(FrameMap.Piece piece, boolean again, ByteBuffer buffer) throws IOException {
    if (again && piece.target().shared()) {
      return;
    }
    int from = 0;
    while (from < piece.pageCount()) {
      int to = from;
      while (to < piece.pageCount() && (again || !isSettled(piece.index() + to))) {
        to++;
      }
      if (to > from) {
        piece
            .target()
            .memfd()
            .write(
                buffer,
                (piece.pageInFrame() + from) * Memfd.PAGE_BYTES,
                (to - from) * Memfd.PAGE_BYTES,
                (piece.firstPage() + from) * Memfd.PAGE_BYTES);
        table.markPages(piece.index() + from, to - from, Tables.PAGE_FILLED);
        if (!again) {
          table.addLong(Tables.FILLED_PAGES, to - from);
        }
      }
      from = to + 1;
    }
  }

  private void poison(FrameMap.Piece piece) {
    for (int i = 0; i < piece.pageCount(); i++) {
      if (!isSettled(piece.index() + i)) {
        table.markPages(piece.index() + i, 1, Tables.PAGE_POISONED);
      }
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
    threads.forEach(Joining::join);
  }
}
