package dev.thaw.store;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import dev.thaw.linux.PagemapScan;
import dev.thaw.linux.ProcessVm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;

/**
 * The figures of adr/0002-page-frames.md, from raw memory of real processes, one page after another
 * in a file. Not a test: run its {@code main} with the test class path.
 *
 * <pre>
 * PageFrameBench levels FILE...         ratio and speed on one core, by level and frame size
 * PageFrameBench write DIR LEVEL FRAME_PAGES THREADS EARLY BUFFER_MIB FILE...   a whole store
 * PageFrameBench process DIR PID EARLY BUFFER_MIB READERS ROUNDS          the same, from a process
 * PageFrameBench open DIR               what opening costs in a JVM that has just started
 * </pre>
 */
final class PageFrameBench {
  private static final int[] LEVELS = {-7, -5, -3, -1, 1, 2, 3};
  private static final int[] FRAME_PAGES = {1, 4, 16, 32, 64, 512};
  private static final int ROUNDS = 3;

  private PageFrameBench() {}

  public static void main(String[] arguments) throws Exception {
    String[] rest = Arrays.copyOfRange(arguments, 1, arguments.length);
    if (arguments[0].equals("levels")) {
      for (String file : rest) {
        levels(Path.of(file));
      }
    } else if (arguments[0].equals("process")) {
      process(rest);
    } else if (arguments[0].equals("open")) {
      open(Path.of(rest[0]));
    } else {
      write(rest);
    }
  }

  /**
   * How long the memory of a process takes to copy, as long as it would be frozen, and to write.
   */
  private static void process(String[] arguments) throws Exception {
    int pid = Integer.parseInt(arguments[1]);
    int threads = PageStoreOptions.DEFAULTS.threads();
    PageStoreOptions options =
        PageStoreOptions.DEFAULTS
            .withThreads(threads, Integer.parseInt(arguments[2]))
            .withBufferBytes(Long.parseLong(arguments[3]) << 20);
    int readers = Integer.parseInt(arguments[4]);
    List<PagemapScan.Range> ranges = new ArrayList<>();
    try (PagemapScan scan = new PagemapScan(pid)) {
      for (String line : Files.readAllLines(Path.of("/proc", arguments[1], "maps"))) {
        String[] bounds = line.split(" ")[0].split("-");
        if (line.contains("rw-p")) {
          ranges.addAll(
              scan.scan(
                  Long.parseLong(bounds[0], 16),
                  Long.parseLong(bounds[1], 16),
                  PagemapScan.PAGE_IS_PRESENT,
                  PagemapScan.PAGE_IS_PFNZERO));
        }
      }
    }
    for (int round = 0; round < Integer.parseInt(arguments[5]); round++) {
      Path target = Path.of(arguments[0], "bench");
      long start = System.nanoTime();
      try (CheckpointWriter checkpoint = CheckpointWriter.begin(target);
          PageStoreWriter writer = new PageStoreWriter(checkpoint, options)) {
        copy(pid, ranges, writer, readers);
        long copied = System.nanoTime();
        StoreSummary summary = writer.finish();
        long finished = System.nanoTime();
        checkpoint.commit();
        System.out.printf(
            "%d MiB, %d early, buffer %s MiB, %d readers: copied %d ms, finished %d ms, durable %d"
                + " ms, ratio %.2f%n",
            summary.pages().seen() >> 8,
            options.earlyThreads(),
            arguments[3],
            readers,
            (copied - start) / 1_000_000,
            (finished - start) / 1_000_000,
            (System.nanoTime() - start) / 1_000_000,
            summary.pages().seen() * 4096. / summary.storedBytes());
      }
      if (round > 0 || !Boolean.getBoolean("keep")) {
        delete(target);
      }
    }
  }

  private static void open(Path directory) throws IOException {
    for (int round = 0; round < 3; round++) {
      long start = System.nanoTime();
      CheckpointDir checkpoint = CheckpointDir.open(directory);
      long opened = System.nanoTime();
      try (PageStore store = checkpoint.openPages()) {
        long indexed = System.nanoTime();
        Pagemap pagemap = checkpoint.pagemap("1", store);
        long done = System.nanoTime();
        System.out.printf(
            "%d frames, %d runs: checksums %d us, index %d us, pagemap %d us%n",
            store.frameCount(),
            pagemap.runs().size(),
            (opened - start) / 1000,
            (indexed - opened) / 1000,
            (done - indexed) / 1000);
      }
    }
  }

  private static void copy(
      int pid, List<PagemapScan.Range> ranges, PageStoreWriter writer, int readers)
      throws Exception {
    PageSink sink = writer.sink("1");
    AtomicInteger next = new AtomicInteger();
    List<long[]> pieces = new ArrayList<>();
    for (PagemapScan.Range range : ranges) {
      for (long at = range.start(); at < range.end(); at += PageBuffer.BYTES) {
        pieces.add(new long[] {at, Math.min(PageBuffer.BYTES, range.end() - at)});
      }
    }
    Runnable reader =
        () -> {
          try {
            PageBuffer buffer = writer.borrow();
            for (int i = next.getAndIncrement(); i < pieces.size(); i = next.getAndIncrement()) {
              int bytes = (int) pieces.get(i)[1];
              if (bytes > buffer.freePages() * PageSource.PAGE_BYTES) {
                writer.submit(buffer);
                buffer = writer.borrow();
              }
              int at = buffer.pageCount() * PageSource.PAGE_BYTES;
              ProcessVm.read(pid, pieces.get(i)[0], buffer.bytes().limit(at + bytes).position(at));
              buffer.add(sink, pieces.get(i)[0] >> 12, bytes >> 12);
            }
            writer.submit(buffer);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        };
    List<Thread> threads = new ArrayList<>();
    for (int i = 1; i < readers; i++) {
      threads.add(new Thread(reader));
      threads.get(i - 1).start();
    }
    reader.run();
    for (Thread thread : threads) {
      thread.join();
    }
  }

  private static void delete(Path checkpoint) throws IOException {
    for (Path entry : Files.list(checkpoint).toList()) {
      Files.delete(entry);
    }
    Files.delete(checkpoint);
  }

  private static ByteBuffer read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      int bytes = (int) Math.min(channel.size() & -(2 << 20), 256 << 20);
      ByteBuffer content = ByteBuffer.allocateDirect(bytes);
      while (content.hasRemaining() && channel.read(content) >= 0) {}
      return content.flip();
    }
  }

  private static void levels(Path file) throws IOException {
    ByteBuffer pages = read(file);
    System.out.printf("%n%s, %d MiB%n", file.getFileName(), pages.capacity() >> 20);
    System.out.println(
        "| level | frame KiB | ratio | compress MB/s | decompress MB/s | us a frame |");
    System.out.println("|---|---|---|---|---|---|");
    for (int level : LEVELS) {
      for (int framePages : FRAME_PAGES) {
        one(pages, level, framePages * PageSource.PAGE_BYTES);
      }
    }
  }

  private static void one(ByteBuffer pages, int level, int frameBytes) {
    int frames = pages.capacity() / frameBytes;
    int bound = (int) Zstd.compressBound(frameBytes);
    ByteBuffer out = ByteBuffer.allocateDirect(pages.capacity() + (pages.capacity() >> 3) + bound);
    ByteBuffer back = ByteBuffer.allocateDirect(frameBytes);
    int[] lengths = new int[frames];
    long stored = 0;
    long compress = Long.MAX_VALUE;
    long decompress = Long.MAX_VALUE;
    try (ZstdCompressCtx zstd = new ZstdCompressCtx();
        ZstdDecompressCtx unzstd = new ZstdDecompressCtx()) {
      zstd.setLevel(level);
      for (int round = 0; round < ROUNDS; round++) {
        long start = System.nanoTime();
        int at = 0;
        for (int f = 0; f < frames; f++) {
          lengths[f] =
              zstd.compressDirectByteBuffer(out, at, bound, pages, f * frameBytes, frameBytes);
          at += lengths[f];
        }
        compress = Math.min(compress, System.nanoTime() - start);
        stored = at;
        start = System.nanoTime();
        at = 0;
        for (int f = 0; f < frames; f++) {
          unzstd.decompressDirectByteBuffer(back, 0, frameBytes, out, at, lengths[f]);
          at += lengths[f];
        }
        decompress = Math.min(decompress, System.nanoTime() - start);
      }
    }
    double bytes = pages.capacity();
    System.out.printf(
        "| %d | %d | %.2f | %.0f | %.0f | %.0f |%n",
        level,
        frameBytes >> 10,
        bytes / stored,
        bytes * 1e3 / compress,
        bytes * 1e3 / decompress,
        decompress / 1e3 / frames);
  }

  private static void write(String[] arguments) throws Exception {
    PageStoreOptions options =
        PageStoreOptions.DEFAULTS
            .withLevel(Integer.parseInt(arguments[1]))
            .withFramePages(Integer.parseInt(arguments[2]))
            .withThreads(Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]))
            .withBufferBytes(Long.parseLong(arguments[5]) << 20);
    for (String file : Arrays.copyOfRange(arguments, 6, arguments.length)) {
      ByteBuffer pages = read(Path.of(file));
      long[] putMillis = new long[5];
      long[] millis = new long[5];
      StoreSummary summary = null;
      for (int round = 0; round < millis.length; round++) {
        Path target = Path.of(arguments[0], "bench");
        long start = System.nanoTime();
        try (CheckpointWriter checkpoint = CheckpointWriter.begin(target);
            PageStoreWriter writer = new PageStoreWriter(checkpoint, options)) {
          writer.put(pages.duplicate(), writer.sink("1"), 0);
          putMillis[round] = (System.nanoTime() - start) / 1_000_000;
          summary = writer.finish();
          millis[round] = (System.nanoTime() - start) / 1_000_000;
          checkpoint.commit();
        }
        delete(target);
      }
      System.out.printf(
          "%s: %d MiB, level %d, %d pages a frame, %d threads: put %s ms, finished %s ms, best %.0f"
              + " MB/s, ratio %.2f, %s%n",
          Path.of(file).getFileName(),
          pages.capacity() >> 20,
          options.level(),
          options.framePages(),
          options.threads(),
          Arrays.toString(putMillis),
          Arrays.toString(millis),
          pages.capacity() / 1e3 / LongStream.of(millis).min().orElseThrow(),
          (double) pages.capacity() / summary.storedBytes(),
          summary.pages());
    }
  }
}
