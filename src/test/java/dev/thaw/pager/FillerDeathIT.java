package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The model once more, in the topology of a restore: thaw-init has a JVM, and both it and the pager
 * die.
 */
@Tag("kernel")
class FillerDeathIT {
  private static final int SIGKILL = 9;

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
      AtomicBoolean over = new AtomicBoolean();
      Killer fillers = new Killer(init.pid(), "java", 700, seed, over);
      Killer pagers = new Killer(init.pid(), "thaw-pager", 40, seed + 1, over);
      String exited = line(ours);
      over.set(true);
      fillers.join();
      pagers.join();
      assertEquals("exited 0\n", exited, "seed " + seed);
      assertEquals(0, init.await());
      System.out.printf(
          "filler death: %d fillers and %d pagers killed%n", fillers.kills, pagers.kills);
      assertTrue(fillers.kills > 0 && pagers.kills > 0);
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

  /** Kills the children of thaw-init that have a name, at random moments. */
  private static final class Killer extends Thread {
    private final int init;
    private final String name;
    private final int everyMillis;
    private final Random random;
    private final AtomicBoolean over;
    private volatile int kills;

    Killer(int init, String name, int everyMillis, long seed, AtomicBoolean over) {
      this.init = init;
      this.name = name;
      this.everyMillis = everyMillis;
      this.random = new Random(seed);
      this.over = over;
      start();
    }

    @Override
    public void run() {
      try {
        while (!over.get()) {
          // Not a wait for something: the moments are to be random.
          Thread.sleep(random.nextInt(2 * everyMillis));
          String children =
              Files.readString(Path.of("/proc/" + init + "/task/" + init + "/children")).trim();
          for (String pid : children.split(" ")) {
            if (!pid.isEmpty()
                && isNamed(pid)
                && SpawnedProcess.kill(Integer.parseInt(pid), SIGKILL)) {
              kills++;
            }
          }
        }
      } catch (InterruptedException | IOException e) {
        // thaw-init has ended
      }
    }

    private boolean isNamed(String pid) {
      try {
        return Files.readString(Path.of("/proc/" + pid + "/comm")).trim().equals(name);
      } catch (IOException e) {
        return false;
      }
    }
  }
}
