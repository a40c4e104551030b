package dev.thaw.pager;

import dev.thaw.linux.Memfd;
import dev.thaw.pager.FaultsProgram.Cost;
import dev.thaw.pager.FaultsProgram.Kind;
import dev.thaw.pager.FaultsProgram.Pattern;
import dev.thaw.store.PageStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What a fault and a scan cost with thaw-pager and its tables, each beside its baselines in the
 * same round: Markdown tables of medians, least and greatest over the rounds.
 *
 * <p>usage: {@code PagerBench ROUNDS [MIB]}
 */
final class PagerBench {
  private static final int PAGE = 4096;
  private static final int SLICE_PAGES = 512;
  private static final int SLICES = 8;
  private static final int[] WINDOWS = {16, 64, 512};
  private static final int WINDOW_PART_PAGES = 8192;
  private static final int TAIL_PAGES = 4096;
  private static final int TAIL_SLICES = 2;
  private static final int SPARSE_PAGES = 16384;
  private static final int AROUND = 64;
  private static final int AROUND_MAX = 512;
  private static final int COPY_WINDOW = 64;

  /** Which pages are touched, of all. */
  private enum Sparse {
    SIXTEENTH("every sixteenth page, in order", Pattern.SEQUENTIAL, 16),
    RANDOM("a sixteenth of the pages, at random", Pattern.RANDOM, 16),
    RANDOM_QUARTER("a quarter of the pages, at random", Pattern.RANDOM, 4);

    private final String label;
    private final Pattern pattern;
    private final int stride;

    Sparse(String label, Pattern pattern, int stride) {
      this.label = label;
      this.pattern = pattern;
      this.stride = stride;
    }
  }

  private final int pages;
  private final BenchTable table = new BenchTable();
  private int round;

  private PagerBench(int mib) {
    pages = mib << 8;
  }

  public static void main(String[] arguments) throws Exception {
    int rounds = Integer.parseInt(arguments[0]);
    PagerBench bench = new PagerBench(arguments.length > 1 ? Integer.parseInt(arguments[1]) : 1024);
    try (BenchStore store = new BenchStore(bench.pages >> 8);
        Memfd huge = store.hugeFile()) {
      copyTo(huge, bench.pages);
      for (bench.round = 0; bench.round < rounds; bench.round++) {
        bench.round(store.store(), huge);
      }
    }
    bench.print(rounds);
  }

  private void round(PageStore store, Memfd huge) throws Exception {
    try (InitUnderTest init = new InitUnderTest();
        PagerSession session = PagerSession.create(init.connection(), store)) {
      int backing =
          session.addBacking(
              new BackingSpec(
                  "bench", false, List.of(new Slot(0, pages)), List.of(new Extent(0, pages, 0))));
      try (FaultsProgram cost = FaultsProgram.add(session, backing, pages, huge);
          FaultsProgram touched = FaultsProgram.add(session, backing, pages, huge);
          FaultsProgram read = FaultsProgram.add(session, backing, pages, huge)) {
        session.start();
        session.fillAll().join();
        cost.start();
        touched.start();
        read.start();
        int at = singlePages(session, cost);
        at = allocating(session, cost, at);
        at = windows(session, cost, at);
        sparse(session, cost, at);
        scan(session, touched, Pattern.SEQUENTIAL, "touch");
        scan(session, read, Pattern.READ_ALL, "read");
      }
    }
  }

  private static void copyTo(Memfd huge, int pages) throws IOException {
    ByteBuffer frame = ByteBuffer.allocateDirect(AROUND_MAX * PAGE);
    for (int page = 0; page < pages; page += AROUND_MAX) {
      huge.write(frame, 0, frame.capacity(), (long) page * PAGE);
    }
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

  /** Slices long enough for a tail; while this JVM allocates as fast as it can, and not. */
  private int allocating(PagerSession session, FaultsProgram program, int first)
      throws IOException {
    session.setFaultAround(1, 1);
    int at = first;
    for (int slice = 0; slice < TAIL_SLICES; slice++) {
      for (boolean allocates : new boolean[] {false, true}) {
        try (Garbage garbage = allocates ? new Garbage() : null) {
          for (Kind kind : List.of(Kind.PAGER, Kind.LOOP)) {
            Cost cost = program.touch(kind, Pattern.SEQUENTIAL, at, TAIL_PAGES, 1, 1);
            String key = "tail " + allocates + kind;
            table.add(key, cost.medianNanos() / 1e3);
            table.add(key + " p99.9", cost.p999Nanos() / 1e3);
          }
          if (garbage != null) {
            table.add("garbage", garbage.gibPerSecond());
          }
        }
        at += TAIL_PAGES;
      }
    }
    return at;
  }

  /** Some of the pages, with fault-around and without. */
  private void sparse(PagerSession session, FaultsProgram program, int first) throws IOException {
    int at = first;
    for (Sparse sparse : Sparse.values()) {
      for (boolean around : new boolean[] {false, true}) {
        // Neighbours are installed after the thread goes on: the last of them by a fault that
        // waits.
        session.setFaultAround(1, 1);
        program.touch(Kind.PAGER, Pattern.SEQUENTIAL, at, 1, 1, 1);
        session.setFaultAround(around ? AROUND : 1, around ? AROUND_MAX : 1);
        long installed = installed(session);
        at += AROUND_MAX;
        Cost cost = program.touch(Kind.PAGER, sparse.pattern, at, SPARSE_PAGES, sparse.stride, 1);
        at += SPARSE_PAGES + AROUND_MAX;
        session.setFaultAround(1, 1);
        program.touch(Kind.PAGER, Pattern.SEQUENTIAL, at, 1, 1, 1);
        table.add("sparse us " + sparse + around, cost.totalNanos() / 1e3 / cost.touches());
        table.add(
            "sparse pages " + sparse + around,
            Math.max(0, installed(session) - 1 - installed - cost.touches())
                / (double) cost.touches());
        at++;
      }
    }
  }

  private static long installed(PagerSession session) {
    return session.total(Tables.Counter.DEMAND) + session.total(Tables.Counter.AHEAD);
  }

  private void scan(PagerSession session, FaultsProgram program, Pattern pattern, String name)
      throws IOException {
    session.setFaultAround(AROUND, AROUND_MAX);
    List<Kind> turns =
        new ArrayList<>(List.of(Kind.PLAIN, Kind.PAGER, Kind.LOOP, Kind.COPY, Kind.HUGE));
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
    printTails();
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
            + " `UFFDIO_COPY`, 64 a fault | plain mmap, huge folios |%n",
        pages >> 8);
    System.out.println("| --- | --- | --- | --- | --- | --- | --- |");
    for (String name : List.of("touch", "read")) {
      String label = name.equals("touch") ? "a byte of each page" : "every word";
      table.compare(
          label,
          name + Kind.PAGER,
          name + Kind.PLAIN,
          "%.0f",
          name + Kind.LOOP,
          name + Kind.COPY,
          name + Kind.HUGE);
    }
    System.out.println(
        "\n| some pages touched | fault-around | us a touch | pages installed for nothing, a"
            + " touch |");
    System.out.println("| --- | --- | --- | --- |");
    for (Sparse sparse : Sparse.values()) {
      for (boolean around : new boolean[] {false, true}) {
        System.out.printf(
            "| %s | %s | %s | %s |%n",
            sparse.label,
            around ? "on" : "off",
            table.spread("sparse us " + sparse + around, "%.1f"),
            table.spread("sparse pages " + sparse + around, "%.1f"));
      }
    }
  }

  private void printTails() {
    for (boolean allocates : new boolean[] {false, true}) {
      String key = "tail " + allocates;
      String label =
          allocates
              ? "while the JVM allocates " + table.spread("garbage", "%.1f") + " GiB/s"
              : "in longer slices";
      table.compare(label, key + Kind.PAGER, key + Kind.LOOP, "%.1f");
      table.compare(
          label + ", p99.9", key + Kind.PAGER + " p99.9", key + Kind.LOOP + " p99.9", "%.1f");
    }
  }
}
