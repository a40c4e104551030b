package dev.thaw.pager;

import dev.thaw.linux.Memfd;
import dev.thaw.store.Joining;
import dev.thaw.store.PageSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The memory of a checkpoint in memfds that hold every page and are sealed: whoever has one can map
 * it privately, and nobody, this process included, can write to it, punch a page out of it or take
 * the seals off.
 *
 * <p>The memfds live as long as somebody holds them: {@link #close} lets go of them here.
 */
public final class FilledMemory implements AutoCloseable {
  /** Told how many pages of the source have been read, from several threads. */
  public interface Watcher {
    /** So many of so many. */
    void filled(long pages, long total);
  }

  /** Without their content, which is very many extents where pages of the store are equal. */
  private final List<BackingSpec> specs = new ArrayList<>();

  private final List<Memfd> memfds = new ArrayList<>();

  /** What thaw-init keeps of each: the same for all that are made of it. */
  private final List<Memfd> extents = new ArrayList<>();

  /** How many each of those has. */
  private final List<Integer> extentCounts = new ArrayList<>();

  /** The content of each by pages alone. */
  private final List<List<Extent>> ranges = new ArrayList<>();

  private FilledMemory() {}

  /**
   * Makes, fills and seals them.
   *
   * @throws IOException if a page cannot be had, or the thread is interrupted: nothing is left then
   */
  public static FilledMemory fill(List<BackingSpec> specs, PageSource source, Watcher watcher)
      throws IOException {
    FilledMemory memory = new FilledMemory();
    try {
      for (BackingSpec spec : specs) {
        memory.add(spec);
      }
      new Fill(memory.map(specs, source), source, watcher).run();
      for (Memfd memfd : memory.memfds) {
        memfd.seal();
      }
      return memory;
    } catch (IOException | RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  private void add(BackingSpec spec) throws IOException {
    specs.add(new BackingSpec(spec.name(), spec.shared(), spec.slots(), List.of()));
    memfds.add(PagerSession.emptyMemfd(spec));
    extents.add(SessionTable.extentsFile(spec.content()));
    extentCounts.add(spec.content().size());
    ranges.add(Extent.joined(spec.content()));
  }

  /** The indices count the pages of all slots, one after the other; here nobody looks at them. */
  private FrameMap map(List<BackingSpec> specs, PageSource source) {
    List<FrameMap.Content> contents = new ArrayList<>();
    long index = 0;
    for (int i = 0; i < specs.size(); i++) {
      BackingSpec spec = specs.get(i);
      List<SessionTable.IndexedSlot> slots = new ArrayList<>();
      for (Slot slot : spec.slots()) {
        slots.add(new SessionTable.IndexedSlot(slot.firstPage(), slot.pageCount(), index));
        index += slot.pageCount();
      }
      contents.add(
          new FrameMap.Content(
              new FrameMap.Target(i, memfds.get(i), spec.shared()), slots, spec.content()));
    }
    return new FrameMap(source.framePages(), source.frameCount(), contents);
  }

  /** What it is; its content is not in it. */
  BackingSpec spec(int number) {
    return specs.get(number);
  }

  /** The pages with content; where they lie in the store is not said. */
  List<Extent> ranges(int number) {
    return ranges.get(number);
  }

  Memfd memfd(int number) {
    return memfds.get(number);
  }

  /** Where the pages lie in the store. Stays ours. */
  Memfd extents(int number) {
    return extents.get(number);
  }

  int extentCount(int number) {
    return extentCounts.get(number);
  }

  /** Pages that the memfds hold: what the template costs. */
  public long pageCount() {
    long pages = 0;
    for (List<Extent> all : ranges) {
      pages += all.stream().mapToLong(Extent::pageCount).sum();
    }
    return pages;
  }

  @Override
  public void close() {
    memfds.forEach(Memfd::close);
    extents.forEach(Memfd::close);
  }

  /** Frame by frame, on all cores, until one cannot be read. */
  private static final class Fill {
    private final FrameMap map;
    private final PageSource source;
    private final Watcher watcher;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicReference<IOException> failure = new AtomicReference<>();

    Fill(FrameMap map, PageSource source, Watcher watcher) {
      this.map = map;
      this.source = source;
      this.watcher = watcher;
    }

    void run() throws IOException {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
        Thread thread = new Thread(this::work, "template-fill-" + i);
        thread.setDaemon(true);
        thread.start();
        threads.add(thread);
      }
      try {
        for (Thread thread : threads) {
          thread.join();
        }
      } catch (InterruptedException e) {
        failure.compareAndSet(null, new IOException("the load was cancelled", e));
        threads.forEach(Joining::join);
      }
      if (failure.get() != null) {
        throw failure.get();
      }
    }

    private void work() {
      ByteBuffer buffer = ByteBuffer.allocateDirect(source.framePages() * PageSource.PAGE_BYTES);
      try {
        int frame;
        while (failure.get() == null && (frame = next.getAndIncrement()) < map.frameCount()) {
          fill(frame, buffer);
          long pages = Math.min((frame + 1L) * source.framePages(), source.pageCount());
          watcher.filled(pages, source.pageCount());
        }
      } catch (IOException e) {
        failure.compareAndSet(null, e);
      } catch (RuntimeException | Error e) {
        failure.compareAndSet(null, new IOException(e.toString(), e));
      }
    }

    private void fill(int frame, ByteBuffer buffer) throws IOException {
      List<FrameMap.Piece> pieces = map.pieces(frame);
      if (pieces.isEmpty()) {
        return;
      }
      buffer.clear();
      source.readFrame(frame, buffer);
      for (FrameMap.Piece piece : pieces) {
        piece
            .target()
            .memfd()
            .write(
                buffer,
                piece.pageInFrame() * Memfd.PAGE_BYTES,
                piece.pageCount() * Memfd.PAGE_BYTES,
                piece.firstPage() * Memfd.PAGE_BYTES);
      }
    }
  }
}
