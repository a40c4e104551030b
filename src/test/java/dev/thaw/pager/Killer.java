package dev.thaw.pager;

import dev.thaw.linux.SpawnedProcess;
import dev.thaw.store.Joining;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Kills processes at random moments, until it is closed. */
final class Killer implements AutoCloseable {
  private static final int SIGKILL = 9;

  private final Supplier<List<Integer>> victims;
  private final long everyNanos;
  private final Random random;
  private final Thread thread = new Thread(this::work, "killer");
  private volatile boolean over;
  private volatile int kills;

  /**
   * Starts.
   *
   * @param everyMillis how long it waits in between, on average
   * @param victims asked after each wait; all of them are killed at once, in any order
   */
  Killer(long seed, int everyMillis, Supplier<List<Integer>> victims) {
    this.victims = victims;
    this.everyNanos = TimeUnit.MILLISECONDS.toNanos(everyMillis);
    this.random = new Random(seed);
    thread.start();
  }

  private void work() {
    while (!over) {
      // Not a wait for something: the moments are to be random.
      LockSupport.parkNanos((long) (random.nextDouble() * 2 * everyNanos));
      List<Integer> all = new ArrayList<>(victims.get());
      Collections.shuffle(all, random);
      for (int pid : all) {
        if (SpawnedProcess.kill(pid, SIGKILL)) {
          kills++;
        }
      }
    }
  }

  /** How many processes it has killed. */
  int kills() {
    return kills;
  }

  /** The children of a process that have a name; none where it has ended. */
  static List<Integer> children(int parent, String name) {
    List<Integer> named = new ArrayList<>();
    try {
      Path children = Path.of("/proc/" + parent + "/task/" + parent + "/children");
      for (String pid : Files.readString(children).trim().split(" ")) {
        if (!pid.isEmpty() && isNamed(pid, name)) {
          named.add(Integer.parseInt(pid));
        }
      }
    } catch (IOException e) {
      return List.of();
    }
    return named;
  }

  private static boolean isNamed(String pid, String name) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/comm")).trim().equals(name);
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public void close() {
    over = true;
    Joining.join(thread);
  }
}
