package dev.thaw.real;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * redis-server with 1 GiB, dumped and restored in every way; a client computes every value it must
 * find.
 *
 * <p>Every test stands alone: what it needs, the loaded server or its checkpoint, is made when
 * first asked for. The order only saves loading it twice.
 */
@Tag("e2e")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RedisIT {
  private static final long GIB = 1L << 30;

  /**
   * What a thawd may have for itself, page tables included: 40 MiB, and a tenth for machines on
   * which it comes to more than the 39 that were measured.
   */
  private static final long THAWD_KIB = 44 << 10;

  @TempDir static Path temporary;

  private final RedisData data = new RedisData();
  private RedisServer original;
  private Path checkpoint;
  private long residentAtDump;

  /** The loaded server, never restored. */
  private RedisServer original() throws Exception {
    if (original == null) {
      original = RedisServer.start(Files.createDirectory(temporary.resolve("redis")));
      try (RespClient client = original.connect()) {
        data.load(client);
        String memory = client.text("INFO", "memory");
        long used = Long.parseLong(memory.replaceAll("(?s).*used_memory:(\\d+).*", "$1"));
        assertTrue(used > GIB, "only " + used + " bytes in redis");
      }
      original.awaitNoClients();
    }
    return original;
  }

  /** A checkpoint of the loaded server, which is gone; {@link #data} is what it held. */
  private Path checkpoint() throws Exception {
    if (checkpoint == null) {
      RedisServer server = original();
      server.awaitNoClients();
      residentAtDump = server.target().residentBytes();
      Path directory = temporary.resolve("checkpoint");
      server.target().dump(directory);
      assertFalse(server.target().isAlive(), "dumped without -R, it is gone");
      checkpoint = directory;
    }
    return checkpoint;
  }

  private RedisServer restored(Object... options) throws Exception {
    Path directory = checkpoint();
    return original.restored(directory, options);
  }

  @AfterAll
  void endServer() {
    if (original != null) {
      original.close();
    }
  }

  @Test
  @Order(1)
  void anEstablishedConnectionIsRefusedAndTheServerGoesOn() throws Exception {
    RedisServer server = original();
    Path directory = temporary.resolve("refused");
    try (RespClient client = server.connect()) {
      assertEquals("PONG", client.call("PING"));

      Thaw.Outcome outcome = Thaw.run("dump", "-t", server.target().pid(), "-D", directory);

      assertTrue(outcome.exit() != 0, outcome.toString());
      assertEquals(1, outcome.err().lines().count(), outcome.toString());
      assertTrue(outcome.err().contains("--tcp-close"), outcome.toString());
      assertTrue(outcome.err().contains("" + server.target().pid()), outcome.toString());
      assertFalse(Files.exists(directory.resolve("manifest.json")), "a dump is whole or absent");
      data.verify(client, data.sample());
    }
    server.awaitNoClients();
  }

  @Test
  @Order(2)
  void aServerLeftRunningGoesOnAndComesBackAsItWasAtTheDump() throws Exception {
    RedisServer server = original();
    RedisData then = data.copy();
    Path earlier = temporary.resolve("earlier");
    server.target().dump(earlier, "-R");
    try (RespClient client = server.connect()) {
      data.rewrite(client, data.sample());
      data.verify(client);
    }
    checkpoint();

    try (RedisServer restored = server.restored(earlier);
        RespClient client = restored.connect()) {
      then.verify(client);
    }
  }

  @Test
  @Order(3)
  void theFirstReplyComesBeforeATenthOfThePagesAndAllValuesAreRight() throws Exception {
    try (RedisServer server = restored()) {
      RedisData now = data.copy();
      try (RespClient client = server.connect()) {
        now.verify(client, IntStream.of(12345));
        long resident = server.target().residentBytes();
        assertTrue(
            resident < residentAtDump / 10,
            resident + " of " + residentAtDump + " bytes are there at the first reply");
        now.verify(client);
        now.rewrite(client, now.sample());
        now.verify(client);
      }
    }
  }

  @Test
  @Order(4)
  void aLazyServerForksAndSavesWhatItHolds() throws Exception {
    try (RedisServer server = restored();
        RespClient client = server.connect()) {
      saveAndLoad(server, client, data);
    }
  }

  @Test
  @Order(5)
  void aServerThatHasItsMemoryForItselfHoldsTheSameAndHasNoPager() throws Exception {
    try (RedisServer server = restored("--graduate")) {
      Target.await("the end of the pager", () -> !server.target().hasHelper("thaw-pager"));
      assertFalse(server.target().hasPrivateMemfd(), "its memory is its own");
      try (RespClient client = server.connect()) {
        data.verify(client);
      }
    }
  }

  @Test
  @Order(5)
  void exactPrivateMemoryHoldsTheSame() throws Exception {
    try (RedisServer server = restored("--private-memory", "exact")) {
      RedisData now = data.copy();
      try (RespClient client = server.connect()) {
        now.verify(client);
        now.rewrite(client, now.sample());
        saveAndLoad(server, client, now);
        now.verify(client);
      }
    }
  }

  @Test
  @Order(6)
  void anEagerRestoreHoldsTheSame() throws Exception {
    try (RedisServer server = restored("--eager");
        RespClient client = server.connect()) {
      data.verify(client);
    }
  }

  @Test
  @Order(7)
  void aRestoredServerIsDumpedAgainWhileLazyAndWhenAllIsThere() throws Exception {
    RedisData now = data.copy();
    Path second = temporary.resolve("second");
    Path third = temporary.resolve("third");
    try (RedisServer server = restored("--private-memory", "share")) {
      try (RespClient client = server.connect()) {
        now.rewrite(client, now.sample());
      }
      server.awaitNoClients();
      long resident = server.target().residentBytes();
      assertTrue(resident < residentAtDump / 2, "still lazy, but " + resident + " bytes are there");
      server.target().dump(second);
    }
    try (RedisServer server = original.restored(second)) {
      try (RespClient client = server.connect()) {
        now.verify(client);
        now.rewrite(client, now.sample());
      }
      server.awaitNoClients();
      server.target().dump(third);
    }
    try (RedisServer server = original.restored(third);
        RespClient client = server.connect()) {
      now.verify(client);
    }
  }

  @Test
  @Order(8)
  void killingThePagerLosesNothing() throws Exception {
    Set<Integer> deaths = Set.of(10, 1_000, 10_000, 30_000, 60_000, 120_000);
    try (RedisServer server = restored("--private-memory", "share");
        RespClient client = server.connect()) {
      IntConsumer killer =
          i -> {
            if (deaths.contains(i)) {
              server.target().killHelper("thaw-pager");
            }
          };
      data.verify(client, IntStream.range(0, data.size()).peek(killer).map(this::scatter));
      data.verify(client);
    }
  }

  @Test
  @Order(9)
  void killingTheFillerLosesNothing() throws Exception {
    try (RedisServer server = restored();
        RespClient client = server.connect()) {
      server.target().killHelper("java");
      data.verify(client, IntStream.range(0, data.size()).map(this::scatter));
      data.verify(client);
    }
  }

  @Test
  @Order(10)
  void tcpCloseClosesConnectionsAndTheServerTakesNewOnes() throws Exception {
    RedisData now = data.copy();
    Path directory = temporary.resolve("closed");
    try (RedisServer server = restored();
        RespClient client = server.connect()) {
      now.rewrite(client, now.sample());
      server.target().dump(directory, "--tcp-close");
      assertThrows(IOException.class, () -> client.call("PING"));
    }
    try (RedisServer server = original.restored(directory);
        RespClient client = server.connect()) {
      now.verify(client);
      // Two listeners and this client: the old client's descriptor is closed.
      Target.await("the old connection's end", () -> server.target().sockets() == 3);
    }
  }

  @Test
  @Order(11)
  void aThawdThatHasItLoadedKeepsLittleMemoryOfItsOwn() throws Exception {
    Path pidfile = temporary.resolve("pid");
    try (BenchDaemon thawd = new BenchDaemon(temporary.resolve("thawd.sock"))) {
      thawd.succeed("load", checkpoint(), "--name", "redis");
      for (int clone = 0; clone < 3; clone++) {
        thawd.succeed("clone", "redis", "-d", "--net-namespace", "--pidfile", pidfile);
        BenchTree.of(pidfile).end();
      }
      Target.await("the end of its rehearsal", () -> !thawd.rehearses());
      Target.await("no more than 44 MiB", () -> ownKib(thawd.pid()) <= THAWD_KIB);
    }
  }

  private static long ownKib(long pid) {
    try {
      ProcessMemory memory = ProcessMemory.of(pid);
      return memory.anonymous() + memory.pageTables();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Every number once, in an order that jumps through memory: 7919 is prime to the size. */
  private int scatter(int i) {
    return (int) ((long) i * 7919 % data.size());
  }

  /** BGSAVE: the child of a fork reads all memory; a second server loads what it wrote. */
  private void saveAndLoad(RedisServer server, RespClient client, RedisData expected)
      throws Exception {
    Path file = temporary.resolve("redis/dump.rdb");
    assertEquals("Background saving started", client.call("BGSAVE"));
    Target.await("BGSAVE", () -> !info(client).contains("rdb_bgsave_in_progress:1"));
    assertTrue(info(client).contains("rdb_last_bgsave_status:ok"), info(client));
    Thaw.Outcome check = Thaw.runProgram(List.of("/usr/bin/redis-check-rdb", file.toString()));
    assertEquals(0, check.exit(), check.toString());

    Path other = Files.createTempDirectory(temporary, "loader");
    Files.move(file, other.resolve("dump.rdb"));
    try (RedisServer second = RedisServer.start(other);
        RespClient reader = second.connect()) {
      expected.verify(reader);
    }
  }

  private static String info(RespClient client) {
    try {
      return client.text("INFO", "persistence");
    } catch (IOException e) {
      throw new AssertionError("INFO persistence", e);
    }
  }
}
