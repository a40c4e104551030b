package dev.thaw.real;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.LiveStats;
import dev.thaw.image.stats.TreeStats;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The first requests to a restored redis of 256 MiB, with and without a recorded working set. */
@Tag("e2e")
@Timeout(value = 240, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RedisWorkingSetIT {
  private static final int KEYS = 52_000;
  private static final int GETS = 2_000;
  private static final int VALUE_BYTES = 4_800;

  @TempDir Path temporary;

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static byte[] value(int number) {
    SeededBytes random = new SeededBytes(number);
    return random.bytes(VALUE_BYTES + random.below(200));
  }

  private static void load(RespClient client) throws IOException {
    client.pipeline(
        IntStream.range(0, KEYS).iterator(),
        i -> List.of(bytes("SET"), bytes("key:" + i), value(i)),
        (i, reply) -> assertTrue("OK".equals(reply), "SET " + i));
  }

  /** The same keys each time, all over memory; one after the other, as a client does. */
  private static void get(RespClient client, IntStream keys) throws IOException {
    for (int i : keys.toArray()) {
      int key = (int) (i * 7919L % KEYS);
      assertArrayEquals(value(key), (byte[]) client.call("GET", "key:" + key), "key:" + key);
    }
  }

  private static void awaitFilled(RedisServer server) {
    Target.await(
        "all pages",
        () -> {
          try {
            TreeStats stats = LiveStats.of((int) server.target().pid()).now();
            return stats.filledPages() == stats.checkpointPages();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /**
   * Pages that the server waited for while it answered the first requests. Its memory stays shared
   * with the memfd, or all of it would be there soon, asked for or not.
   */
  private static long demanded(RedisServer original, Path checkpoint, String... options)
      throws Exception {
    List<Object> all = new ArrayList<>(List.of("--private-memory", "share"));
    all.addAll(List.of(options));
    try (RedisServer server = original.restored(checkpoint, all.toArray())) {
      // Else a fault finds its neighbours not filled, and fault-around looks worse than it is.
      awaitFilled(server);
      try (RespClient client = server.connect()) {
        get(client, IntStream.range(0, GETS));
        TreeStats stats = LiveStats.of((int) server.target().pid()).now();
        System.out.println("redis, first " + GETS + " GETs: " + stats.total().counts());
        get(client, IntStream.range(GETS, 10_000));
        return stats.total().counts().onDemand();
      }
    }
  }

  @Test
  void theFirstRequestsFindTheirPages() throws Exception {
    Path checkpoint = temporary.resolve("checkpoint");
    try (RedisServer original =
        RedisServer.start(Files.createDirectory(temporary.resolve("redis")))) {
      try (RespClient client = original.connect()) {
        load(client);
      }
      original.awaitNoClients();
      assertTrue(original.target().residentBytes() > 256 << 20);
      original.target().dump(checkpoint);
      try (RedisServer server = original.restored(checkpoint, "--record")) {
        try (RespClient client = server.connect()) {
          get(client, IntStream.range(0, GETS));
        }
        Thaw.succeed("mark", server.target().pid());
      }
      long without = demanded(original, checkpoint, "--no-working-set");
      long with = demanded(original, checkpoint);
      assertTrue(with * 10 <= without, with + " demanded with it, " + without + " without");

      Thaw.succeed("optimize", checkpoint);
      long optimized = demanded(original, checkpoint);
      assertTrue(optimized * 10 <= without, optimized + " demanded, " + without + " without");
    }
  }
}
