package dev.thaw.store;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import com.github.luben.zstd.ZstdDecompressCtx;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * The figures of adr/0002-page-frames.md, from raw memory of real processes, one page after another in
 * a file. Not a test: run its {@code main} with the test class path.
 *
 * <pre>
 * PageFrameBench levels FILE...         ratio and speed on one core, by level and frame size
 * PageFrameBench write DIR LEVEL FRAME_PAGES THREADS BUFFER_MIB FILE...   a whole store
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
    } else {
      write(rest);
    }
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
    System.out.println("| level | frame KiB | ratio | compress MB/s | decompress MB/s | us a frame |");
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
            .withThreads(Integer.parseInt(arguments[3]))
            .withBufferBytes(Long.parseLong(arguments[4]) << 20)
            .withCopyFirst(Long.parseLong(arguments[4]) > 256);
    for (String file : Arrays.copyOfRange(arguments, 5, arguments.length)) {
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
        for (Path entry : Files.list(target).toList()) {
          Files.delete(entry);
        }
        Files.delete(target);
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
