package dev.thaw.dump;

import dev.thaw.store.PageBuffer;
import dev.thaw.store.PageSink;
import dev.thaw.store.PageSource;
import dev.thaw.store.PageStoreWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Reads pages into the store by several threads: one alone reads 4 GB/s of a frozen process, less
 * than the memory gives. What is to be read is named first, then read; the buffers reach the store
 * in the order in which it was named, so the checkpoint does not depend on who was faster.
 *
 * <p>Not thread safe; its own threads have ended when {@link #read} returns.
 */
final class PageReaders {
  private static final int PAGE = PageSource.PAGE_BYTES;
  private static final int PAGE_SHIFT = 12;

  private final PageStoreWriter store;
  private final List<Run> runs = new ArrayList<>();

  /** Memory that pages are read from, by any thread. */
  interface Source {
    /** Fills {@code bytes}, whole pages, from {@code position} on. */
    void read(long position, ByteBuffer bytes) throws IOException;
  }

  /** Pages in {@code [start, end)} of a source, which are numbered so in the sink. */
  private record Run(Source source, PageSink sink, long start, long end) {}

  PageReaders(PageStoreWriter store) {
    this.store = store;
  }

  /** Names pages: byte positions, page aligned; the sink's keys are their page numbers. */
  void add(Source source, PageSink sink, long start, long end) {
    if (start < end) {
      runs.add(new Run(source, sink, start, end));
    }
  }

  /** How many pages were named. */
  long count() {
    return runs.stream().mapToLong(run -> run.end - run.start >>> PAGE_SHIFT).sum();
  }

  /**
   * Reads all that was named.
   *
   * @param threads the calling one among them
   * @throws IOException the first failure; the others have stopped
   */
  void read(int threads) throws IOException {
    Reading reading = new Reading();
    List<Thread> helpers = new ArrayList<>();
    for (int i = 1; i < threads; i++) {
      Thread helper = new Thread(reading::run, "read-" + i);
      helper.setDaemon(true);
      helper.start();
      helpers.add(helper);
    }
    reading.run();
    boolean interrupted = false;
    for (Thread helper : helpers) {
      while (helper.isAlive()) { // it writes into the store's memory
        try {
          helper.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    runs.clear();
    reading.throwFailure();
  }

  /** A buffer, and what goes into it. */
  private record Load(long number, PageBuffer buffer, List<Run> parts) {}

  /**
   * What the threads share: how far the runs are given out, and buffers that are full before their
   * turn. Its lock is held while a buffer is waited for: who has an earlier load has its buffer.
   */
  private final class Reading {
    private final TreeMap<Long, PageBuffer> early = new TreeMap<>();
    private int run;
    private long position = runs.isEmpty() ? 0 : runs.get(0).start();
    private long given;
    private long submitted;
    private Throwable failure;

    void run() {
      try {
        for (Load load = next(); load != null; load = next()) {
          fill(load);
        }
      } catch (Throwable t) {
        fail(t);
      }
    }

    private Load next() throws IOException {
      synchronized (this) {
        if (failed() || run == runs.size()) {
          return null;
        }
        PageBuffer buffer = store.borrow();
        List<Run> parts = new ArrayList<>();
        long room = PageBuffer.BYTES;
        while (room > 0 && run < runs.size()) {
          Run from = runs.get(run);
          long end = Math.min(from.end(), position + room);
          parts.add(new Run(from.source(), from.sink(), position, end));
          room -= end - position;
          position = end;
          if (end == from.end() && ++run < runs.size()) {
            position = runs.get(run).start();
          }
        }
        return new Load(given++, buffer, parts);
      }
    }

    private void fill(Load load) throws IOException {
      PageBuffer buffer = load.buffer();
      ByteBuffer bytes = buffer.bytes();
      try {
        for (Run part : load.parts()) {
          int at = buffer.pageCount() * PAGE;
          int length = (int) (part.end() - part.start());
          bytes.limit(at + length).position(at);
          part.source().read(part.start(), bytes);
          buffer.add(part.sink(), part.start() >>> PAGE_SHIFT, length >>> PAGE_SHIFT);
        }
      } catch (Throwable t) {
        store.discard(buffer);
        throw t;
      }
      bytes.clear();
      done(load.number(), buffer);
    }

    private void done(long number, PageBuffer buffer) throws IOException {
      synchronized (early) {
        if (failure != null) {
          store.discard(buffer);
          return;
        }
        early.put(number, buffer);
        while (!early.isEmpty() && early.firstKey() == submitted) {
          store.submit(early.pollFirstEntry().getValue());
          submitted++;
        }
      }
    }

    private boolean failed() {
      synchronized (early) {
        return failure != null;
      }
    }

    /** Gives up what waits for its turn: whoever waits for a buffer gets one, and stops. */
    private void fail(Throwable t) {
      synchronized (early) {
        failure = failure == null ? t : failure;
        early.values().forEach(store::discard);
        early.clear();
      }
    }

    void throwFailure() throws IOException {
      synchronized (early) {
        if (failure instanceof IOException e) {
          throw e;
        } else if (failure instanceof RuntimeException e) {
          throw e;
        } else if (failure instanceof Error e) {
          throw e;
        }
      }
    }
  }
}
