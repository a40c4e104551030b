package dev.thaw.real;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Figures of redis with 1 GiB: dumps, restores to the first reply, and the latency of the first
 * GETs, as Markdown tables.
 *
 * <p>The GETs are of random keys, one at a time over loopback TCP; those of the server that was
 * never dumped are the baseline, taken by the same client in the same run. The ways of restoring
 * take turns.
 *
 * <p>usage: {@code RedisBench ROUNDS}
 */
final class RedisBench {
  private static final int GETS = 10_000;
  private static final Pattern FROZEN = Pattern.compile("frozen for ([0-9,]+) ms");

  /** The ways of restoring. */
  private enum Mode {
    LAZY("lazily"),
    EAGER("`--eager`", "--eager"),
    EXACT("`--private-memory exact`", "--private-memory", "exact");

    private final String label;
    private final Object[] options;

    Mode(String label, Object... options) {
      this.label = label;
      this.options = options;
    }
  }

  /** What the rounds of one way gave. */
  private record Figures(List<Double> toReply, List<Double> toReturn, List<Double> gets) {
    Figures() {
      this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }
  }

  private final RedisData data = new RedisData();
  private final Random random = new Random(1);
  private final Path directory;

  private RedisBench(Path directory) {
    this.directory = directory;
  }

  public static void main(String[] arguments) throws Exception {
    Path directory = Files.createTempDirectory("thaw-bench");
    try {
      new RedisBench(directory).run(Integer.parseInt(arguments[0]));
    } finally {
      deleteTree(directory);
    }
  }

  private void run(int rounds) throws Exception {
    RedisServer original = RedisServer.start(Files.createDirectory(directory.resolve("redis")));
    List<Double> before = new ArrayList<>();
    try (original) {
      try (RespClient client = original.connect()) {
        data.load(client);
        latencies(client); // warms this JVM up
        for (int round = 0; round < rounds; round++) {
          before.addAll(latencies(client));
        }
      }
      original.awaitNoClients();
      dumps(original, rounds);
    }
    Map<Mode, Figures> figures = new EnumMap<>(Mode.class);
    for (int round = 0; round < rounds; round++) {
      for (Mode mode : Mode.values()) {
        restore(original, mode, figures.computeIfAbsent(mode, m -> new Figures()));
      }
    }
    System.out.printf(
        "%n| redis, restored | command to first reply, ms | `restore -d` returns, ms |%n");
    System.out.println("| --- | --- | --- |");
    figures.forEach(
        (mode, f) ->
            System.out.printf(
                "| %s | %s | %s |%n", mode.label, spread(f.toReply), spread(f.toReturn)));
    System.out.printf("%n| first %,d GETs, us | median | p99 | p99.9 | greatest |%n", GETS);
    System.out.println("| --- | --- | --- | --- | --- |");
    printLatency("never dumped", before);
    figures.forEach((mode, f) -> printLatency("restored " + mode.label, f.gets));
  }

  private void restore(RedisServer original, Mode mode, Figures figures) throws Exception {
    long start = System.nanoTime();
    CompletableFuture<Long> reply = CompletableFuture.supplyAsync(() -> firstReply(original));
    try (RedisServer restored = original.restored(directory.resolve("gone"), mode.options)) {
      figures.toReturn.add(millis(System.nanoTime() - start));
      figures.toReply.add(millis(reply.get() - start));
      try (RespClient client = restored.connect()) {
        figures.gets.addAll(latencies(client));
        data.verify(client);
      }
    }
  }

  private void dumps(RedisServer server, int rounds) throws Exception {
    List<Double> times = new ArrayList<>();
    List<Double> frozen = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      Path checkpoint = directory.resolve("running" + round);
      Thaw.Outcome outcome = server.target().dump(checkpoint, "-v", "-R");
      times.add(millis(outcome.took().toNanos()));
      Matcher matcher = FROZEN.matcher(outcome.out());
      if (!matcher.find()) {
        throw new AssertionError("no frozen time: " + outcome);
      }
      frozen.add(Double.valueOf(matcher.group(1).replace(",", "")));
      deleteTree(checkpoint);
    }
    long resident = server.target().residentBytes();
    Path gone = directory.resolve("gone");
    Duration took = server.target().dump(gone).took();
    System.out.printf(
        "| redis, %d MiB resident | `dump -R`, ms | of these frozen, ms | `dump`, ms | checkpoint |%n",
        mib(resident));
    System.out.println("| --- | --- | --- | --- | --- |");
    System.out.printf(
        "| N = %d, 1 | %s | %s | %.0f | %d MiB |%n",
        rounds, spread(times), spread(frozen), millis(took.toNanos()), mib(gone));
  }

  private List<Double> latencies(RespClient client) throws IOException {
    List<Double> micros = new ArrayList<>();
    for (int key : random.ints(GETS, 0, data.strings()).toArray()) {
      long start = System.nanoTime();
      data.verify(client, IntStream.of(key));
      micros.add((System.nanoTime() - start) / 1e3);
    }
    return micros;
  }

  /** Connects until it is answered; the time of the answer. */
  private long firstReply(RedisServer server) {
    while (true) {
      try (RespClient client = server.connect()) {
        data.verify(client, IntStream.of(0));
        return System.nanoTime();
      } catch (ConnectException e) {
        LockSupport.parkNanos(200_000); // not listening yet; spinning would take a CPU
      } catch (IOException e) {
        throw new AssertionError("first GET", e);
      }
    }
  }

  private static String spread(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(v -> v).sorted().toArray();
    return String.format(
        "%.0f (%.0f–%.0f)", sorted[sorted.length / 2], sorted[0], sorted[sorted.length - 1]);
  }

  private static void printLatency(String name, List<Double> values) {
    double[] sorted = values.stream().mapToDouble(v -> v).sorted().toArray();
    int n = sorted.length;
    System.out.printf(
        "| %s, N = %,d | %.0f | %.0f | %.0f | %.0f |%n",
        name, n, sorted[n / 2], sorted[(int) (n * 0.99)], sorted[(int) (n * 0.999)], sorted[n - 1]);
  }

  private static double millis(long nanos) {
    return nanos / 1e6;
  }

  private static long mib(long bytes) {
    return bytes >> 20;
  }

  private static long mib(Path tree) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      return mib(files.filter(Files::isRegularFile).mapToLong(f -> f.toFile().length()).sum());
    }
  }

  private static void deleteTree(Path tree) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(file);
      }
    }
  }
}
