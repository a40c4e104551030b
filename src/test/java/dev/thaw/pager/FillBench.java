package dev.thaw.pager;

import dev.thaw.linux.Memfd;
import dev.thaw.store.PageSource;
import dev.thaw.store.PageStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How fast memory is filled, beside what the memory itself allows, in pages of 4 KiB and in huge
 * pages: a Markdown table of medians, least and greatest over the rounds. All cores work, and the
 * checkpoint is in the page cache.
 *
 * <p>usage: {@code FillBench ROUNDS [MIB]}
 */
final class FillBench {
  private static final int PAGE = PageSource.PAGE_BYTES;
  private static final String[] LIMITS = {"write", "memset", "again"};

  private final BenchTable table = new BenchTable();
  private final BenchStore bench;
  private final long bytes;

  private FillBench(BenchStore bench) {
    this.bench = bench;
    this.bytes = (long) bench.pages() * PAGE;
  }

  public static void main(String[] arguments) throws Exception {
    int rounds = Integer.parseInt(arguments[0]);
    int mib = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 1024;
    try (BenchStore store = new BenchStore(mib)) {
      FillBench bench = new FillBench(store);
      for (int round = 0; round < rounds; round++) {
        bench.round();
      }
      bench.print(mib, rounds);
    }
  }

  private void round() throws Exception {
    limits("small", List.of());
    limits("huge", List.of(bench.huge().toString()));
    decompress("read", null);
    try (Memfd memfd = Memfd.create("bench", bytes)) {
      decompress("small frames", memfd);
    }
    try (Memfd file = bench.hugeFile()) {
      decompress("huge frames", file);
    }
    restore();
    long begun = System.nanoTime();
    try (FilledMemory memory =
        FilledMemory.fill(List.of(spec()), bench.store(), (filled, total) -> {})) {
      add("load", System.nanoTime() - begun);
      if (memory.pageCount() != bench.pages()) {
        throw new AssertionError(memory.pageCount() + " pages");
      }
    }
  }

  private BackingSpec spec() {
    int pages = bench.pages();
    return new BackingSpec(
        "bench", false, List.of(new Slot(0, pages)), List.of(new Extent(0, pages, 0)));
  }

  private void add(String name, long nanos) {
    table.add(name, bytes / 1.073741824 / nanos);
  }

  private void limits(String size, List<String> more) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                InitUnderTest.nativeFile("bench/faults"),
                "fill",
                Integer.toString(bench.pages() >> 8)));
    command.addAll(more);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String[] nanos = new String(process.getInputStream().readAllBytes()).strip().split(" ");
    for (int i = 0; i < LIMITS.length; i++) {
      add(size + " " + LIMITS[i], Long.parseLong(nanos[i]));
    }
  }

  /** Frame by frame, into {@code target} if there is one. */
  private void decompress(String name, Memfd target) {
    PageStore store = bench.store();
    AtomicInteger next = new AtomicInteger();
    Runnable work =
        () -> {
          ByteBuffer buffer = ByteBuffer.allocateDirect(store.framePages() * PAGE);
          try {
            int frame;
            while ((frame = next.getAndIncrement()) < store.frameCount()) {
              store.readFrame(frame, buffer.clear());
              if (target != null) {
                long offset = (long) frame * store.framePages() * PAGE;
                target.write(buffer, 0, buffer.position(), offset);
              }
            }
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        };
    long begun = System.nanoTime();
    int count = Runtime.getRuntime().availableProcessors();
    ExecutorService threads = Executors.newFixedThreadPool(count);
    List<CompletableFuture<Void>> done = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      done.add(CompletableFuture.runAsync(work, threads));
    }
    done.forEach(CompletableFuture::join);
    add(name, System.nanoTime() - begun);
    threads.shutdown();
  }

  private void restore() throws IOException {
    try (InitUnderTest init = new InitUnderTest();
        PagerSession session = PagerSession.create(init.connection(), bench.store())) {
      session.addBacking(spec());
      session.start();
      long begun = System.nanoTime();
      session.fillAll().join();
      add("restore", System.nanoTime() - begun);
    }
  }

  private void print(int mib, int rounds) {
    System.out.printf(
        "| filling %d MiB, GiB/s, N = %d | pages of 4 KiB | huge pages |%n", mib, rounds);
    System.out.println("| --- | --- | --- |");
    row("`memset` of memory that is there", "small again", "huge again");
    row("`memset` of fresh memory", "small memset", "huge memset");
    row("`write` to fresh memory", "small write", "huge write");
    row("checkpoint read, checked, decompressed; not written", "read", null);
    row("the same, written", "small frames", "huge frames");
    row("a restore's filler", "restore", null);
    row("`thaw load`", "load", null);
  }

  private void row(String label, String small, String huge) {
    System.out.printf(
        "| %s | %s | %s |%n",
        label, table.spread(small, "%.2f"), huge == null ? "–" : table.spread(huge, "%.2f"));
  }
}
