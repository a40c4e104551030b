package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The model once more, in the topology of a restore: thaw-init has a JVM, and both it and the pager
 * die.
 */
@Tag("kernel")
class FillerDeathIT {
  @Test
  @Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void everyWordIsRightWhilePagerAndFillerAreKilled() throws Exception {
    long seed = Long.getLong("thaw.model.seed", System.nanoTime());
    System.out.println("filler death: seed " + seed);
    // About 200 frames of 40 ms on two threads: they outlast two or three JVMs.
    ModelRun run = new ModelRun(seed, 3, 500, 300, 300, 6000, 20, 40_000_000L, true, 40, false);
    List<String> command = new ArrayList<>();
    command.add(InitUnderTest.nativeFile("thaw-init"));
    command.addAll(List.of("--status-fd", "3", "--"));
    command.addAll(ModelDriver.javaCommand());
    command.add("run");
    command.addAll(run.toArguments());
    UnixSocket[] status = UnixSocket.pair();
    try (UnixSocket ours = status[0];
        SpawnedProcess init = start(command, status[1])) {
      String running = line(ours);
      assertTrue(running.startsWith("running "), running);
      String exited;
      int fillersKilled;
      int pagersKilled;
      try (Killer fillers = new Killer(seed, 700, () -> Killer.children(init.pid(), "java"));
          Killer pagers =
              new Killer(seed + 1, 40, () -> Killer.children(init.pid(), "thaw-pager"))) {
        exited = line(ours);
        fillersKilled = fillers.kills();
        pagersKilled = pagers.kills();
      }
      assertEquals("exited 0\n", exited, "seed " + seed);
      assertEquals(0, init.await());
      System.out.printf(
          "filler death: %d fillers and %d pagers killed%n", fillersKilled, pagersKilled);
      assertTrue(fillersKilled > 0 && pagersKilled > 0);
    }
  }

  private static SpawnedProcess start(List<String> command, UnixSocket theirs) throws IOException {
    try (theirs) {
      return SpawnedProcess.start(command, List.of(theirs));
    }
  }

  private static String line(UnixSocket status) throws IOException {
    UnixSocket.Message message = status.receive(100);
    assertNotNull(message, "thaw-init ended without a word");
    return new String(message.bytes(), StandardCharsets.US_ASCII);
  }
}
