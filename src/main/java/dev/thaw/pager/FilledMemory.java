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

  private final List<BackingSpec> specs;
  private final List<Memfd> memfds = new ArrayList<>();

  /** What thaw-init keeps of each: the same for all that are made of it. */
  private final List<Memfd> extents = new ArrayList<>();

  /** The content of each by pages alone: a store where pages are equal has very many extents. */
  private final List<List<Extent>> ranges;

  private FilledMemory(List<BackingSpec> specs) {
    this.specs = List.copyOf(specs);
    this.ranges = specs.stream().map(spec -> Extent.joined(spec.content())).toList();
  }

  /**
   * Makes, fills and seals them.
   *
   * @throws IOException if a page cannot be had, or the thread is interrupted: nothing is left then
   */
  public static FilledMemory fill(List<BackingSpec> specs, PageSource source, Watcher watcher)
      throws IOException {
    FilledMemory memory = new FilledMemory(specs);
    try {
      for (BackingSpec spec : specs) {
        memory.memfds.add(PagerSession.emptyMemfd(spec));
        memory.extents.add(SessionTable.extentsFile(spec.content()));
      }
      new Fill(memory.map(source), source, watcher).run();
      for (Memfd memfd : memory.memfds) {
        memfd.seal();
      }
      return memory;
    } catch (IOException | RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  /** The indices count the pages of all slots, one after the other; here nobody looks at them. */
  private FrameMap map(PageSource source) {
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

  /** Pages that the memfds hold: what the template costs. */
  public long pageCount() {
    long pages = 0;
    for (BackingSpec spec : specs) {
      pages += spec.content().stream().mapToLong(Extent::pageCount).sum();
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
