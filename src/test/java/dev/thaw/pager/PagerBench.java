package dev.thaw.pager;

import dev.thaw.pager.FaultsProgram.Cost;
import dev.thaw.pager.FaultsProgram.Kind;
import dev.thaw.pager.FaultsProgram.Pattern;
import dev.thaw.store.CheckpointDir;
import dev.thaw.store.CheckpointWriter;
import dev.thaw.store.PageSink;
import dev.thaw.store.PageStore;
import dev.thaw.store.PageStoreOptions;
import dev.thaw.store.PageStoreWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * What a fault, a scan and filling cost with thaw-pager and its tables, each beside its baselines
 * in the same round: Markdown tables of medians, least and greatest over the rounds.
 *
 * <p>usage: {@code PagerBench ROUNDS [MIB]}
 */
final class PagerBench {
  private static final int PAGE = 4096;
  private static final int SLICE_PAGES = 512;
  private static final int SLICES = 8;
  private static final int[] WINDOWS = {16, 64, 512};
  private static final int WINDOW_PART_PAGES = 8192;
  private static final int SPARSE_STRIDE = 16;
  private static final int AROUND = 64;
  private static final int AROUND_MAX = 512;
  private static final int COPY_WINDOW = 64;

  private final int pages;
  private final BenchTable table = new BenchTable();
  private int round;

  private PagerBench(int mib) {
    pages = mib << 8;
  }

  public static void main(String[] arguments) throws Exception {
    int rounds = Integer.parseInt(arguments[0]);
    PagerBench bench = new PagerBench(arguments.length > 1 ? Integer.parseInt(arguments[1]) : 1024);
    Path directory = Files.createTempDirectory("thaw-pager-bench");
    try {
      bench.writeStore(directory.resolve("c"));
      try (PageStore store = CheckpointDir.open(directory.resolve("c")).openPages()) {
        for (bench.round = 0; bench.round < rounds; bench.round++) {
          bench.round(store);
        }
      }
    } finally {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
          Files.delete(file);
        }
      }
    }
    bench.print(rounds);
  }

  /** Half text, which zstd makes a third, half random bytes; no two pages are equal. */
  private void writeStore(Path target) throws Exception {
    Random random = new Random(1);
    byte[] words =
        "the cold process of a snapshot, restored page by page as it is touched. "
            .getBytes("US-ASCII");
    try (CheckpointWriter checkpoint = CheckpointWriter.begin(target);
        PageStoreWriter writer = new PageStoreWriter(checkpoint, PageStoreOptions.DEFAULTS)) {
      PageSink sink = writer.sink("1");
      checkpoint.add("manifest.json", "{\"formatVersion\": 1}".getBytes("US-ASCII"));
      byte[] page = new byte[PAGE];
      for (int i = 0; i < pages; i++) {
        random.nextBytes(page);
        for (int at = 0; i / 64 % 2 == 0 && at < PAGE; at += 8) {
          System.arraycopy(words, (page[at] & 7) * 8, page, at, 8);
        }
        ByteBuffer.wrap(page).putInt(0, i + 1);
        writer.put(ByteBuffer.wrap(page), sink, i);
      }
      writer.finish();
      checkpoint.commit();
    }
  }

  private void round(PageStore store) throws Exception {
    long bytes = (long) pages * PAGE;
    Process fresh =
        new ProcessBuilder(
                InitUnderTest.nativeFile("bench/faults"), "fill", Integer.toString(pages >> 8))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String nanos = new String(fresh.getInputStream().readAllBytes()).strip();
    table.add("fill fresh", gibPerSecond(bytes, Long.parseLong(nanos)));
    try (InitUnderTest init = new InitUnderTest();
        PagerSession session = PagerSession.create(init.connection(), store)) {
      int backing =
          session.addBacking(
              new BackingSpec(
                  "bench", false, List.of(new Slot(0, pages)), List.of(new Extent(0, pages, 0))));
      try (FaultsProgram cost = FaultsProgram.add(session, backing, pages);
          FaultsProgram touched = FaultsProgram.add(session, backing, pages);
          FaultsProgram read = FaultsProgram.add(session, backing, pages)) {
        session.start();
        long begun = System.nanoTime();
        session.fillAll().join();
        table.add("fill", gibPerSecond(bytes, System.nanoTime() - begun));
        cost.start();
        touched.start();
        read.start();
        int at = singlePages(session, cost);
        at = windows(session, cost, at);
        sparse(session, cost, at);
        scan(session, touched, Pattern.SEQUENTIAL, "touch");
        scan(session, read, Pattern.READ_ALL, "read");
      }
    }
  }

  private static double gibPerSecond(long bytes, long nanos) {
    return bytes / 1.073741824 / nanos;
  }

  /** One page a fault, in slices by turns. Returns the first page not touched. */
  private int singlePages(PagerSession session, FaultsProgram program) throws IOException {
    session.setFaultAround(1, 1);
    int at = 0;
    for (Pattern pattern : List.of(Pattern.SEQUENTIAL, Pattern.RANDOM)) {
      for (int slice = 0; slice < SLICES; slice++, at += SLICE_PAGES) {
        for (Kind kind : List.of(Kind.PAGER, Kind.LOOP)) {
          Cost cost = program.touch(kind, pattern, at, SLICE_PAGES, 1, 1);
          table.add("one " + pattern + kind, cost.medianNanos() / 1e3);
          table.add("one p99 " + pattern + kind, cost.p99Nanos() / 1e3);
        }
      }
    }
    return at;
  }

  private int windows(PagerSession session, FaultsProgram program, int first) throws IOException {
    int at = first;
    for (int window : WINDOWS) {
      session.setFaultAround(window, window);
      for (Pattern pattern : List.of(Pattern.SEQUENTIAL, Pattern.RANDOM)) {
        for (Kind kind : List.of(Kind.PAGER, Kind.LOOP)) {
          Cost cost = program.touch(kind, pattern, at, WINDOW_PART_PAGES, 1, window);
          table.add(
              "window " + window + pattern + kind, cost.totalNanos() / (double) cost.touches());
        }
        at += WINDOW_PART_PAGES;
      }
    }
    return at;
  }

  /** A random page of every sixteen, with fault-around and without. */
  private void sparse(PagerSession session, FaultsProgram program, int first) throws IOException {
    int at = first;
    for (boolean around : new boolean[] {false, true}) {
      session.setFaultAround(around ? AROUND : 1, around ? AROUND_MAX : 1);
      long installed = installed(session);
      Cost cost =
          program.touch(Kind.PAGER, Pattern.RANDOM, at, 4 * WINDOW_PART_PAGES, SPARSE_STRIDE, 1);
      // Neighbours are installed after the thread goes on: the last of them by a fault that waits.
      program.touch(Kind.PAGER, Pattern.SEQUENTIAL, at + 4 * WINDOW_PART_PAGES, 1, 1, 1);
      table.add("sparse us " + around, cost.totalNanos() / 1e3 / cost.touches());
      table.add(
          "sparse pages " + around,
          (installed(session) - installed - cost.touches()) / (double) cost.touches());
      at += 5 * WINDOW_PART_PAGES;
    }
  }

  private static long installed(PagerSession session) {
    return session.total(Tables.Counter.DEMAND) + session.total(Tables.Counter.AHEAD);
  }

  private void scan(PagerSession session, FaultsProgram program, Pattern pattern, String name)
      throws IOException {
    session.setFaultAround(AROUND, AROUND_MAX);
    List<Kind> turns = new ArrayList<>(List.of(Kind.PLAIN, Kind.PAGER, Kind.LOOP, Kind.COPY));
    Collections.rotate(turns, round);
    for (Kind kind : turns) {
      int window = kind == Kind.COPY ? COPY_WINDOW : AROUND_MAX;
      Cost cost = program.touch(kind, pattern, 0, pages, 1, window);
      table.add(name + kind, cost.totalNanos() / 1e6);
    }
  }

  private void print(int rounds) {
    System.out.printf(
        "Median (least–greatest) of %d rounds, baselines by turns in each.%n%n", rounds);
    System.out.println(
        "| fault of one filled page, us | thaw-pager | loop without tables | ratio |");
    System.out.println("| --- | --- | --- | --- |");
    for (Pattern pattern : List.of(Pattern.SEQUENTIAL, Pattern.RANDOM)) {
      for (String what : List.of("one ", "one p99 ")) {
        String label = pattern.name().toLowerCase() + (what.equals("one ") ? "" : ", p99");
        table.compare(label, what + pattern + Kind.PAGER, what + pattern + Kind.LOOP, "%.1f");
      }
    }
    System.out.println(
        "\n| all pages touched, ns a page | thaw-pager | loop without tables | ratio |");
    System.out.println("| --- | --- | --- | --- |");
    for (int window : WINDOWS) {
      for (Pattern pattern : List.of(Pattern.SEQUENTIAL, Pattern.RANDOM)) {
        String key = "window " + window + pattern;
        String label = window + " a fault, " + pattern.name().toLowerCase();
        table.compare(label, key + Kind.PAGER, key + Kind.LOOP, "%.0f");
      }
    }
    System.out.printf(
        "%n| scan of %d MiB, filled, ms | thaw-pager | plain mmap | ratio | loop, 512 a fault |"
            + " `UFFDIO_COPY`, 64 a fault |%n",
        pages >> 8);
    System.out.println("| --- | --- | --- | --- | --- | --- |");
    for (String name : List.of("touch", "read")) {
      String label = name.equals("touch") ? "a byte of each page" : "every word";
      table.compare(
          label, name + Kind.PAGER, name + Kind.PLAIN, "%.0f", name + Kind.LOOP, name + Kind.COPY);
    }
    System.out.println(
        "\n| a random page of every 16 | us a touch | pages installed for nothing, a touch |");
    System.out.println("| --- | --- | --- |");
    for (boolean around : new boolean[] {false, true}) {
      System.out.printf(
          "| fault-around %s | %s | %s |%n",
          around ? "on" : "off",
          table.spread("sparse us " + around, "%.1f"),
          table.spread("sparse pages " + around, "%.1f"));
    }
    System.out.println(
        "\n| filling, GiB/s | from the checkpoint | writes of fresh memfd pages | ratio |");
    System.out.println("| --- | --- | --- | --- |");
    table.compare("all cores, checkpoint in the page cache", "fill", "fill fresh", "%.2f");
  }
}
