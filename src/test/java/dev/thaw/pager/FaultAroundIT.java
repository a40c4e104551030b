package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.stats.FaultCounts;
import dev.thaw.linux.Memfd;
import java.io.IOException;
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
    try (TouchRun run = new TouchRun(pattern, kind, PAGES, touches)) {
      run.begin();
      run.awaitAllSeen();
      Touched touched = new Touched(run.session().stats().total().counts(), heldBytes(run.memfd()));
      run.end();
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
}
