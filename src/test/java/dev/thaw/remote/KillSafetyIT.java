package dev.thaw.remote;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A target survives its driver: the driver, a JVM of its own, dies of SIGKILL, and every target
 * goes on as if nothing had been; see remote_target.c for what each of them would notice.
 */
@Tag("kernel")
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KillSafetyIT {
  private static final List<String> KINDS =
      List.of("compute", "nanosleep", "poll", "epoll", "futex", "pipe", "sigsuspend", "threads");
  private static final int KILLS = Integer.getInteger("thaw.remote.kills", 200);
  private static final int SIGKILLED = 128 + 9;
  private static final long LONGEST_LIFE_NANOS = 30_000_000;

  @TempDir Path directory;
  private final List<Target> targets = new ArrayList<>();
  private Path log;

  @AfterEach
  void end() throws IOException {
    for (Target target : targets) {
      target.close();
    }
  }

  @BeforeEach
  void log() {
    log = directory.resolve("driver.log");
  }

  private List<String> start() throws Exception {
    List<String> outside = new ArrayList<>();
    for (String kind : KINDS) {
      Target target = Target.start(kind);
      targets.add(target);
      outside.add(target.outside());
    }
    return outside;
  }

  @Test
  void noTargetNoticesThatItsDriverDiesAtARandomMoment() throws Exception {
    long seed = Long.getLong("thaw.remote.seed", System.nanoTime());
    Random random = new Random(seed);
    List<String> before = start();
    for (int i = 0; i < KILLS; i++) {
      Process driver = driver("");
      try (var out = driver.inputReader()) {
        String line = out.readLine();
        assertEquals("driving", line, "seed " + seed + ", " + Files.readString(log));
        LockSupport.parkNanos((long) (random.nextDouble() * LONGEST_LIFE_NANOS));
        driver.destroyForcibly();
        assertKilled(driver);
      }
      assertUntouched(before, i + 1, "seed " + seed + ", kill " + i);
    }
  }

  /** Every step of a session, in its order; see {@link KillPoint}. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "before-anchor",
        "anchor-written",
        "registers-set",
        "mask-set",
        "call-entered",
        "area-mapped",
        "blob-set",
        "blob-started",
        "socket-offered",
        "socket-taken",
        "serving",
        "program-written",
        "program-started",
        "before-cure",
        "cure-stopped",
        "cure-set",
        "cure-close",
        "cure-munmap",
        "cure-rt_sigprocmask",
        "back-stopped",
        "registers-back",
        "cured"
      })
  void noTargetNoticesThatItsDriverDiesAt(String point) throws Exception {
    List<String> before = start();
    Process driver = driver(point);
    assertKilled(driver);
    assertUntouched(before, 1, point);
  }

  /**
   * An epoll_wait may have ended with EINTR: where the driver dies right after it stopped the
   * target, before it could set its registers, the kernel itself does that.
   */
  private void assertUntouched(List<String> before, int kills, String when) throws Exception {
    for (int i = 0; i < targets.size(); i++) {
      String what = KINDS.get(i) + ", " + when;
      try {
        targets.get(i).awaitProgress();
        targets.get(i).assertUnharmed();
        assertTrue(targets.get(i).interruptions() <= kills, what);
      } catch (AssertionError e) {
        throw new AssertionError(what + ": " + e.getMessage(), e);
      }
      assertEquals(before.get(i), targets.get(i).outside(), what);
    }
  }

  private void assertKilled(Process driver) throws Exception {
    if (!driver.waitFor(60, TimeUnit.SECONDS)) {
      driver.destroyForcibly();
      throw new AssertionError("the driver was not killed");
    }
    assertEquals(SIGKILLED, driver.exitValue(), "the driver failed: " + Files.readString(log));
  }

  private Process driver(String killAt) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto"));
    command.add("-Dthaw.native=" + System.getProperty("thaw.native"));
    command.add("-D" + KillPoint.PROPERTY + "=" + killAt);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(KillSafetyDriver.class.getName());
    for (Target target : targets) {
      command.add(Integer.toString(target.pid()));
    }
    return new ProcessBuilder(command).redirectError(log.toFile()).start();
  }
}
