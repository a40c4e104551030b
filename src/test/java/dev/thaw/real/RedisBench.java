package dev.thaw.real;

import dev.thaw.LiveStats;
import dev.thaw.image.stats.FaultCounts;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Figures of redis with 1 GiB: dumps, restores to the first reply, and the faults and latencies of
 * the first GETs, as Markdown tables.
 *
 * <p>The GETs are of the same random keys each time, one at a time over loopback TCP. The ways of
 * restoring take turns, and so does a second server that is never stopped.
 *
 * <p>usage: {@code RedisBench ROUNDS}
 */
final class RedisBench {
  private static final int GETS = 10_000;
  private static final int RECORDINGS = 3;
  private static final Pattern FROZEN = Pattern.compile("frozen for ([0-9,]+) ms");
  private static final String NEVER_STOPPED = "never stopped";

  /** The ways of restoring. */
  private enum Mode {
    LAZY("lazily", "--no-working-set"),
    WORKING_SET("lazily, working set"),
    SHARED("`--no-graduate`", "--no-graduate", "--no-working-set"),
    SHARED_WORKING_SET("`--no-graduate`, working set", "--no-graduate"),
    EXACT("`--private-memory exact`", "--private-memory", "exact", "--no-working-set"),
    EAGER("`--eager`", "--eager");

    private final String label;
    private final Object[] options;

    Mode(String label, Object... options) {
      this.label = label;
      this.options = options;
    }
  }

  private final RedisData data = new RedisData();
  private final int[] keys = new Random(1).ints(GETS, 0, data.strings()).toArray();
  private final Samples samples = new Samples();
  private final Path directory;
  private final Path checkpoint;

  private RedisBench(Path directory) {
    this.directory = directory;
    this.checkpoint = directory.resolve("gone");
  }

  public static void main(String[] arguments) throws Exception {
    int rounds = Integer.parseInt(arguments[0]);
    BenchFiles.in("redis", directory -> new RedisBench(directory).run(rounds));
  }

  private void run(int rounds) throws Exception {
    RedisServer original = start("redis");
    try (original) {
      dumps(original, rounds);
    }
    try (RedisServer never = start("never")) {
      record(original);
      gets(never, "warm up of this JVM");
      for (int round = 0; round < rounds; round++) {
        gets(never, NEVER_STOPPED);
        for (Mode mode : Mode.values()) {
          restore(original, mode, round == 0);
        }
      }
    }
    print(rounds);
  }

  private RedisServer start(String name) throws IOException {
    RedisServer server = RedisServer.start(Files.createDirectory(directory.resolve(name)));
    try (RespClient client = server.connect()) {
      data.load(client);
    }
    server.awaitNoClients();
    return server;
  }

  private void dumps(RedisServer server, int rounds) throws Exception {
    for (int round = 0; round < rounds; round++) {
      Path running = directory.resolve("running");
      Thaw.Outcome outcome = server.target().dump(running, "-v", "-R");
      samples.add("dump", millis(outcome.took().toNanos()));
      Matcher matcher = FROZEN.matcher(outcome.out());
      if (!matcher.find()) {
        throw new AssertionError("no frozen time: " + outcome);
      }
      samples.add("frozen", Double.parseDouble(matcher.group(1).replace(",", "")));
      BenchFiles.delete(running);
    }
    long resident = server.target().residentBytes() >> 20;
    double took = millis(server.target().dump(checkpoint).took().toNanos());
    System.out.printf(
        "| redis, %d MiB resident | `dump -R`, ms | of these frozen, ms | `dump`, ms | checkpoint"
            + " |%n",
        resident);
    System.out.println("| --- | --- | --- | --- | --- |");
    System.out.printf(
        "| N = %d, 1 | %s | %s | %.0f | %d MiB |%n",
        rounds,
        samples.spread("dump", "%.0f"),
        samples.spread("frozen", "%.0f"),
        took,
        BenchFiles.mib(checkpoint));
  }

  /**
   * What the GETs touch, for the restores that use it. Several times: which free memory redis takes
   * for its answers is not the same each time, and recordings are united.
   */
  private void record(RedisServer original) throws Exception {
    for (int i = 0; i < RECORDINGS; i++) {
      RedisServer restored = original.restored(checkpoint, "--record");
      gets(restored, "recorded");
      Thaw.succeed("mark", restored.target().pid());
      BenchTree.of(restored.target().pid()).end();
    }
  }

  private void restore(RedisServer original, Mode mode, boolean verify) throws Exception {
    long start = System.nanoTime();
    CompletableFuture<Long> reply = CompletableFuture.supplyAsync(() -> firstReply(original));
    RedisServer restored = original.restored(checkpoint, mode.options);
    samples.add(mode + "return", millis(System.nanoTime() - start));
    samples.add(mode + "reply", millis(reply.get() - start));
    gets(restored, mode.name());
    count(restored, mode);
    if (verify) {
      try (RespClient client = restored.connect()) {
        data.verify(client);
      }
    }
    BenchTree.of(restored.target().pid()).end();
  }

  private void count(RedisServer restored, Mode mode) throws IOException {
    FaultCounts counts = LiveStats.of((int) restored.target().pid()).now().total().counts();
    samples.add(mode + "waits", counts.waits());
    samples.add(mode + "demand", counts.onDemand());
    samples.add(mode + "zero", counts.zero());
    samples.add(mode + "before", counts.prefaulted());
  }

  private void gets(RedisServer server, String name) throws IOException {
    List<Double> micros = new ArrayList<>();
    try (RespClient client = server.connect()) {
      for (int key : keys) {
        long start = System.nanoTime();
        Object value = data.get(client, key);
        micros.add((System.nanoTime() - start) / 1e3);
        data.check(key, value);
      }
    }
    samples.addAll(name, micros);
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

  private void print(int rounds) {
    System.out.printf(
        "%n| redis, restored, N = %d | command to first reply, ms | `restore -d` returns, ms |%n",
        rounds);
    System.out.println("| --- | --- | --- |");
    for (Mode mode : Mode.values()) {
      System.out.printf(
          "| %s | %s | %s |%n",
          mode.label,
          samples.spread(mode + "reply", "%.0f"),
          samples.spread(mode + "return", "%.0f"));
    }
    System.out.printf(
        "%n| first %,d GETs, N = %d | demand faults | of these, waited for the checkpoint | faults of"
            + " pages that it did not have | pages installed before | p50, us | p99 | p99.9 |"
            + " greatest |%n",
        GETS, rounds);
    System.out.println("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    printGets(NEVER_STOPPED, NEVER_STOPPED);
    for (Mode mode : Mode.values()) {
      printGets(mode.label, mode.name());
    }
    System.out.printf(
        "%nWith the working set of %d recordings: %.1f %% fewer demand faults, with `--no-graduate` %.1f %%.%n",
        RECORDINGS,
        fewer(Mode.LAZY, Mode.WORKING_SET),
        fewer(Mode.SHARED, Mode.SHARED_WORKING_SET));
  }

  private void printGets(String label, String name) {
    System.out.printf(
        "| %s | %s | %s | %s | %s | %.0f | %.0f | %.0f | %.0f |%n",
        label,
        samples.spread(name + "demand", "%.0f"),
        samples.spread(name + "waits", "%.0f"),
        samples.spread(name + "zero", "%.0f"),
        samples.spread(name + "before", "%.0f"),
        samples.median(name),
        samples.quantile(name, 0.99),
        samples.quantile(name, 0.999),
        samples.quantile(name, 1));
  }

  private double fewer(Mode without, Mode with) {
    return 100 - 100 * samples.median(with + "demand") / samples.median(without + "demand");
  }

  private static double millis(long nanos) {
    return nanos / 1e6;
  }
}
