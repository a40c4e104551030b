package dev.thaw.real;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Figures of redis with 1 GiB: dump, restore to the first reply, and the latency of the first GETs.
 *
 * <p>A run prints one line a figure: name, N, median, least and greatest. The GETs are of random
 * keys, one at a time over loopback TCP; those of the server that was never dumped are the
 * baseline, taken by the same client in the same run.
 *
 * <p>usage: {@code RedisBench ROUNDS [RESTORE-OPTION...]}
 */
final class RedisBench {
  private static final int GETS = 10_000;

  private final RedisData data = new RedisData();
  private final Random random = new Random(1);
  private final Path directory;
  private final Object[] restoreOptions;

  private RedisBench(Path directory, Object... restoreOptions) {
    this.directory = directory;
    this.restoreOptions = restoreOptions;
  }

  public static void main(String[] arguments) throws Exception {
    Path directory = Files.createTempDirectory("thaw-bench");
    try {
      Object[] options = Arrays.copyOfRange(arguments, 1, arguments.length);
      new RedisBench(directory, options).run(Integer.parseInt(arguments[0]));
    } finally {
      deleteTree(directory);
    }
  }

  private void run(int rounds) throws Exception {
    RedisServer original = RedisServer.start(Files.createDirectory(directory.resolve("redis")));
    try (original) {
      List<Double> before = new ArrayList<>();
      try (RespClient client = original.connect()) {
        data.load(client);
        latencies(client); // warms this JVM up
        before.addAll(latencies(client));
      }
      original.awaitNoClients();
      print("GET before the dump, us", before);
      dumps(original, rounds);
    }
    List<Double> toReply = new ArrayList<>();
    List<Double> toReturn = new ArrayList<>();
    List<Double> gets = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      long start = System.nanoTime();
      CompletableFuture<Long> reply = CompletableFuture.supplyAsync(() -> firstReply(original));
      try (RedisServer restored = original.restored(directory.resolve("gone"), restoreOptions)) {
        toReturn.add(millis(System.nanoTime() - start));
        toReply.add(millis(reply.get() - start));
        try (RespClient client = restored.connect()) {
          gets.addAll(latencies(client));
          data.verify(client);
        }
      }
    }
    print("restore command to first reply, ms", toReply);
    print("restore -d returns, ms", toReturn);
    print("first GETs after the restore, us", gets);
  }

  private void dumps(RedisServer server, int rounds) throws Exception {
    List<Double> times = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      Path checkpoint = directory.resolve("running" + round);
      times.add(millis(server.target().dump(checkpoint, "-R").took().toNanos()));
      deleteTree(checkpoint);
    }
    long resident = server.target().residentBytes();
    Path gone = directory.resolve("gone");
    Duration took = server.target().dump(gone).took();
    times.add(millis(took.toNanos()));
    print("dump command, ms", times);
    System.out.printf("resident at the dump %d MiB, checkpoint %d MiB%n", mib(resident), mib(gone));
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

  private static void print(String name, List<Double> values) {
    double[] sorted = values.stream().mapToDouble(v -> v).sorted().toArray();
    System.out.printf(
        "%-36s N %6d  median %9.1f  min %9.1f  p99 %9.1f  max %9.1f%n",
        name,
        sorted.length,
        sorted[sorted.length / 2],
        sorted[0],
        sorted[(int) (sorted.length * 0.99)],
        sorted[sorted.length - 1]);
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
