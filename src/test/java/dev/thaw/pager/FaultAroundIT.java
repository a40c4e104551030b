package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.stats.FaultCounts;
import dev.thaw.linux.Memfd;
import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many faults each order of touches takes, and what becomes of the memfd's pages. */
@Tag("kernel")
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FaultAroundIT {
  private static final int PAGES = 16384;
  private static final long SEED = 4711;

  /** What a run came to. */
  private record Touched(FaultCounts stats, long memfdBytes) {}

  @ParameterizedTest
  @CsvSource({
    "up, PRIVATE, 16384, 60",
    "down, PRIVATE, 16384, 60",
    "strided, PRIVATE, 160, 20",
    "random, PRIVATE, 2000, 300",
    "up, ANON, 16384, 280",
    "down, ANON, 16384, 280",
    "strided, ANON, 160, 20",
    "random, ANON, 2000, 1000"
  })
  void neighboursComeWithAFaultAsTheOrderOfTouchesSuggests(
      String pattern, VmaKind kind, int touches, int mostFaults) throws Exception {
    Touched touched = touch(pattern, kind, touches);
    assertTrue(touched.stats().faults() <= mostFaults, touched.toString());
    assertTrue(touched.stats().faults() > 0, touched.toString());
  }

  @ParameterizedTest
  @CsvSource({"up, 16384", "random, 2000", "strided, 160"})
  void whatWasCopiedIsNotHeldTwice(String pattern, int touches) throws Exception {
    Touched touched = touch(pattern, VmaKind.ANON, touches);
    long copied = touched.stats().copied() * Memfd.PAGE_BYTES;
    assertTrue(copied > 0, touched.toString());
    assertEquals((long) PAGES * Memfd.PAGE_BYTES - copied, touched.memfdBytes());
  }

  private static Touched touch(String pattern, VmaKind kind, int touches)
      throws IOException, InterruptedException {
    ModelPages pages = new ModelPages(SEED, PAGES, 0, 0);
    UnixSocket[] pair = UnixSocket.pair();
    try (InitUnderTest init = new InitUnderTest();
        PagerSession session = PagerSession.create(init.connection(), pages);
        UnixSocket ours = pair[0];
        SpawnedProcess victim = start(pair[1], pattern, kind, touches)) {
      int backing =
          session.addBacking(
              new BackingSpec(
                  "touched", false, List.of(new Slot(0, PAGES)), List.of(new Extent(0, PAGES, 0))));
      ByteBuffer config = ByteBuffer.allocate(40).order(ByteOrder.nativeOrder());
      config.putLong(SEED).putInt(1).putInt(PAGES);
      ours.send(config.array(), List.of(session.memfd(backing), session.memfd(backing)));
      UnixSocket.Message map = ours.receive(64);
      assertNotNull(map, "the victim says what it has mapped");
      ByteBuffer in = ByteBuffer.wrap(map.bytes()).order(ByteOrder.nativeOrder());
      SpaceVma vma = new SpaceVma(in.getLong(), in.getLong(), backing, in.getLong(), kind);
      session.addSpace(victim.pid(), map.fds().get(0), List.of(vma));
      session.start();
      session.fillAll().join();
      ours.send(new byte[1], List.of());
      assertNotNull(ours.receive(64), "it has seen all pages as they should be");
      Touched touched =
          new Touched(session.stats().total().counts(), heldBytes(session.memfd(backing)));
      ours.send(new byte[1], List.of());
      assertEquals(0, victim.await());
      return touched;
    }
  }

  private static long heldBytes(Memfd memfd) throws IOException, InterruptedException {
    Process stat =
        new ProcessBuilder(
                "stat",
                "-L",
                "-c",
                "%b",
                "/proc/" + ProcessHandle.current().pid() + "/fd/" + memfd.number())
            .start();
    try (var out = stat.inputReader()) {
      return 512 * Long.parseLong(out.readLine());
    }
  }

  private static SpawnedProcess start(UnixSocket theirs, String pattern, VmaKind kind, int touches)
      throws IOException {
    try (theirs) {
      return SpawnedProcess.start(
          List.of(
              InitUnderTest.nativeFile("pager-test/pager_touch"),
              pattern,
              Integer.toString(kind.code()),
              Integer.toString(touches)),
          List.of(theirs));
    }
  }
}
