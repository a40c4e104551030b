package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.LiveStats;
import dev.thaw.linux.PidFd;
import dev.thaw.store.RecordingFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands about a tree whose thaw-init was killed: thaw-keeper is above none of its processes. */
@Tag("e2e")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TakeoverIT {
  private static final int SIGKILL = 9;
  private static final int SIGUSR2 = 12;
  private static final int SIGSTOP = 19;

  @TempDir Path directory;

  private static void signal(int pid, int signal) throws IOException {
    try (PidFd process = PidFd.open(pid)) {
      process.send(signal);
    }
  }

  /** Kills thaw-init, and returns its pid when another process is in its place. */
  private static int takeOver(Victim victim) throws IOException {
    int init = LiveStats.of(victim.pid()).now().initPid();
    signal(init, SIGKILL);
    Victim.await("the heir", () -> heir(victim) != init);
    return init;
  }

  private static int heir(Victim victim) {
    try {
      return LiveStats.of(victim.pid()).now().initPid();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Kills thaw-init before its keeper can take its place, the keeper, and others of its children.
   */
  private static void killAtOnce(Victim victim, List<String> names) throws IOException {
    int init = LiveStats.of(victim.pid()).now().initPid();
    List<Integer> killed = new ArrayList<>();
    for (String name : names) {
      for (ProcView process : new ProcView(init).childrenNamed(name)) {
        signal(process.pid(), SIGSTOP);
        killed.add(process.pid());
      }
    }
    assertEquals(names.size(), killed.size(), names + ": " + killed);
    signal(init, SIGKILL);
    for (int pid : killed) {
      signal(pid, SIGKILL);
    }
  }

  @Test
  void aDumpOfATreeWhoseThawInitAndKeeperWereKilledTogetherAsksThePager() throws Exception {
    try (Victim victim = Victim.start("working_set", directory)) {
      victim.restore(victim.dump("first"), "--private-memory", "share");
      killAtOnce(victim, List.of("thaw-keeper"));
      Path second = victim.dump("second");
      victim.restore(second);
      victim.check();
    }
  }

  @Test
  void aDumpOfATreeThatNobodyServesIsRefused() throws Exception {
    try (Victim victim = Victim.start("working_set", directory)) {
      victim.restore(victim.dump("first"), "--private-memory", "share");
      killAtOnce(victim, List.of("thaw-keeper", "thaw-pager"));
      Path second = directory.resolve("second");
      Command refused = Command.thaw("dump", "-t", victim.pid(), "-D", second);
      assertEquals(3, refused.exit(), refused.toString());
      assertTrue(refused.output().contains("who serves it is not found"), refused.toString());
      assertFalse(Files.exists(second));
      victim.assertRuns();
    }
  }

  @Test
  void statsAndADumpKnowTheTree() throws Exception {
    try (Victim victim = Victim.start("working_set", directory)) {
      victim.restore(victim.dump("first"), "--private-memory", "share");
      int init = takeOver(victim);
      String stats = Command.thaw("stats", victim.pid(), "--json").succeeded().output();
      assertTrue(stats.contains("\"initPid\""), stats);
      assertNotEquals(init, heir(victim));
      // Most pages are in no page table: a dump that did not ask the pager would lose them.
      Path second = victim.dump("second");
      victim.restore(second);
      victim.check();
    }
  }

  /** Repeated: between the death and the takeover nobody seems to be in charge. */
  @RepeatedTest(5)
  void aMarkEndsTheRecording() throws Exception {
    try (Victim victim = Victim.start("working_set", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      Files.createFile(directory.resolve("touch"));
      victim.restore(checkpoint, "--record");
      takeOver(victim);
      int position = victim.log().length();
      signal(victim.pid(), SIGUSR2);
      Victim.await("the touches", () -> victim.log().substring(position).equals("ready\n"));
      String said = Command.thaw("mark", victim.pid()).succeeded().output();
      assertTrue(said.contains("recorded "), said);
      assertEquals(1, RecordingFiles.list(checkpoint).size());
      assertTrue(
          RecordingFiles.read(RecordingFiles.list(checkpoint).get(0)).touches().size() > 1600);
      Files.delete(directory.resolve("touch"));
      victim.check();
    }
  }
}
