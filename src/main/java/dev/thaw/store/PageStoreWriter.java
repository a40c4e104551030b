package dev.thaw.store;

import dev.thaw.linux.PageFingerprints;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * Writes pages into a checkpoint: zero pages not at all, equal pages once, the rest in compressed
 * frames, on all cores and with bounded memory.
 *
 * <pre>
 *  put / submit        threads of the writer
 *   PageBuffer ──▶ queue ──▶ fingerprints ──▶ assign, in order ──▶ copy to frames ──▶ zstd ──▶ file
 *                               (parallel)     (serial, no page    (parallel)      (parallel)
 *                                               is touched)
 * </pre>
 *
 * <p>Thread safe. Any failure (a full disk) makes every later call fail with the same cause. {@link
 * #close} without {@link #finish} stops the threads and leaves the files to be deleted with the
 * checkpoint.
 */
public final class PageStoreWriter implements AutoCloseable {
  private final CheckpointWriter checkpoint;
  private final PageStoreOptions options;
  private final FileChannel file;
  private final WriteBehind writeBehind;
  private final FrameOutput.Shared output;
  private final PageBufferQueue queue;
  private final PageAssigner assigner;
  private final PageFingerprints fingerprints;
  private final List<Thread> threads = new ArrayList<>();
  private final Map<String, PageSink> sinks = new LinkedHashMap<>();
  private final LongAdder donePages = new LongAdder();
  private PageBuffer gathering;
  private boolean ended;

  /** Begins the page store of {@code checkpoint}. */
  public PageStoreWriter(CheckpointWriter checkpoint, PageStoreOptions options) throws IOException {
    this.checkpoint = checkpoint;
    this.options = options;
    fingerprints = new PageFingerprints();
    // One buffer that put gathers in, one that a reader fills, one for each thread to work on.
    int buffers =
        Math.toIntExact(Math.max(options.threads() + 2, options.bufferBytes() / PageBuffer.BYTES));
    queue = new PageBufferQueue(buffers, options.earlyThreads());
    assigner = new PageAssigner(options.framePages(), options.maxKnownPages());
    try {
      file = checkpoint.create(PageFile.FILE);
      file.write(PageFile.header(options.framePages()), 0);
    } catch (IOException e) {
      queue.close();
      throw e;
    }
    writeBehind = new WriteBehind(file, options.earlyThreads() >= options.threads());
    output = new FrameOutput.Shared(file, writeBehind, options.framePages());
    for (int i = 0; i < options.threads(); i++) {
      int number = i;
      Thread thread = new Thread(() -> work(number), "store-" + number);
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
  }

  /**
   * Has all of its memory there at once, by all threads: what reads into it while a target is
   * frozen then pays for no page. Worth it where {@link PageStoreOptions#bufferBytes} holds most of
   * the target.
   */
  public void prepare() {
    queue.populate(options.threads());
  }

  /** A new pagemap. Its zero pages are in no run: what is in no run reads as zero. */
  public PageSink sink(String name) {
    return addSink(new PageSink(name, false));
  }

  /**
   * A new pagemap that has runs of {@link PagemapRun#ZERO} too: for spaces where a page without a
   * run is something else than zero, such as the content of a mapped file.
   */
  public PageSink sinkWithZeroRuns(String name) {
    return addSink(new PageSink(name, true));
  }

  private synchronized PageSink addSink(PageSink sink) {
    if (!Checksums.isFileName(Pagemap.fileName(sink.name()))
        || sinks.put(sink.name(), sink) != null) {
      throw new IllegalArgumentException("pagemap name " + sink.name());
    }
    return sink;
  }

  /**
   * Adds the pages that remain in {@code pages}, which are copied. Every page of a sink is put
   * once; in ascending order is best.
   *
   * @param pages holds a multiple of 4096 bytes; its position moves to its limit
   * @param firstKey number of the first page in the sink's space, the others follow
   */
  public void put(ByteBuffer pages, PageSink sink, long firstKey) throws IOException {
    if (pages.remaining() % PageSource.PAGE_BYTES != 0) {
      throw new IllegalArgumentException(pages.remaining() + " bytes are not whole pages");
    }
    long key = firstKey;
    while (pages.remaining() >= PageBuffer.BYTES) {
      PageBuffer buffer = borrow();
      copy(pages, PageBuffer.PAGES, buffer, sink, key);
      submit(buffer);
      key += PageBuffer.PAGES;
    }
    if (pages.hasRemaining()) {
      gather(pages, sink, key);
    }
  }

  private synchronized void gather(ByteBuffer pages, PageSink sink, long firstKey)
      throws IOException {
    long key = firstKey;
    while (pages.hasRemaining()) {
      if (gathering == null) {
        gathering = borrow();
      }
      int count = Math.min(gathering.freePages(), pages.remaining() / PageSource.PAGE_BYTES);
      copy(pages, count, gathering, sink, key);
      key += count;
      if (gathering.freePages() == 0) {
        PageBuffer full = gathering;
        gathering = null;
        submit(full);
      }
    }
  }

  private static void copy(
      ByteBuffer pages, int count, PageBuffer buffer, PageSink sink, long firstKey) {
    int bytes = count * PageSource.PAGE_BYTES;
    buffer.bytes().put(buffer.pageCount() * PageSource.PAGE_BYTES, pages, pages.position(), bytes);
    pages.position(pages.position() + bytes);
    buffer.add(sink, firstKey, count);
  }

  /**
   * A buffer to read pages into. Waits while all of the memory is in use, so a thread must hold one
   * at a time.
   */
  public PageBuffer borrow() throws IOException {
    return queue.borrow();
  }

  /** Adds the pages of {@code buffer}, which the caller must not touch any more. */
  public void submit(PageBuffer buffer) throws IOException {
    queue.submit(buffer);
  }

  /** Gives a borrowed buffer back without its pages. */
  public void discard(PageBuffer buffer) {
    queue.giveBack(buffer);
  }

  /** The target runs again: compress with all threads. */
  public void release() {
    queue.release();
    writeBehind.begin();
  }

  /** Pages that were put and are dealt with by now, for a progress bar. */
  public long donePages() {
    return donePages.sum();
  }

  private void work(int number) {
    try (FrameOutput out = new FrameOutput(output, options)) {
      ByteBuffer words =
          ByteBuffer.allocateDirect(PageBuffer.PAGES * 16).order(ByteOrder.nativeOrder());
      LongBuffer found = words.asLongBuffer();
      List<PageAssigner.Piece> pieces = new ArrayList<>();
      for (PageBuffer b = queue.take(number); b != null; b = queue.take(number)) {
        fingerprints.compute(b.bytes(), b.pageCount(), words);
        pieces.clear();
        if (!assigner.assign(b, found, pieces)) {
          return;
        }
        write(b, pieces, out);
        donePages.add(b.pageCount());
        queue.giveBack(b);
      }
      out.flush();
    } catch (Throwable t) { // handed to whoever calls next; nobody waits for this thread's turn
      queue.fail(t instanceof IOException e ? checkpoint.failed(PageFile.FILE, e) : t);
      assigner.abort();
    }
  }

  private void write(PageBuffer buffer, List<PageAssigner.Piece> pieces, FrameOutput out)
      throws IOException {
    for (PageAssigner.Piece piece : pieces) {
      Frame frame = piece.frame();
      if (piece.pageCount() == options.framePages()) { // as they lie there: no copy
        out.write(
            frame.number(),
            buffer.bytes(),
            piece.bufferPage() * PageSource.PAGE_BYTES,
            piece.pageCount());
        assigner.giveBack(frame);
        continue;
      }
      int copied =
          frame.copy(buffer.bytes(), piece.bufferPage(), piece.framePage(), piece.pageCount());
      if (copied == options.framePages()) {
        out.write(frame.number(), frame.bytes(), 0, copied);
        assigner.giveBack(frame);
      }
    }
  }

  /**
   * Writes what is left, the index and the pagemaps. They are durable with {@link
   * CheckpointWriter#commit}.
   */
  public synchronized StoreSummary finish() throws IOException {
    if (ended) {
      throw new IllegalStateException("finish after the end");
    }
    if (gathering != null) {
      PageBuffer last = gathering;
      gathering = null;
      submit(last);
    }
    stop();
    queue.throwFailure();
    Frame partial = assigner.lastFrame();
    if (partial != null) {
      try (FrameOutput out = new FrameOutput(output, options)) {
        out.write(partial.number(), partial.bytes(), 0, partial.copiedPages());
        out.flush();
      }
    }
    FrameIndex index = output.index(assigner.storePages());
    writeBehind.close();
    file.close();
    checkpoint.register(PageFile.FILE, new Checksums.Entry(index.fileBytes(), 0, true));
    checkpoint.add(FrameIndex.FILE, index.encode());
    Map<String, PageStatistics> statistics = new LinkedHashMap<>();
    for (PageSink sink : sinks.values()) {
      checkpoint.add(Pagemap.fileName(sink.name()), sink.pagemap().encode());
      statistics.put(sink.name(), sink.statistics());
    }
    return StoreSummary.of(statistics, index.fileBytes());
  }

  private void stop() {
    ended = true;
    queue.end();
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    queue.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops the threads, if {@link #finish} did not. */
  @Override
  public synchronized void close() throws IOException {
    if (!ended) {
      queue.fail(new IOException("the page store was closed"));
      assigner.abort();
      stop();
    }
    writeBehind.close();
    file.close();
  }
}
