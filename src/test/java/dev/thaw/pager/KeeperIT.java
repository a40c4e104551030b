package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** thaw-init and thaw-pager are killed at once, again and again; the model still finds no error. */
@Tag("kernel")
class KeeperIT {
  private static final int SIGKILL = 9;

  @Test
  @Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void everyWordIsRightWhileInitAndPagerAreKilledTogether() throws Exception {
    long seed = Long.getLong("thaw.model.seed", System.nanoTime());
    System.out.println("keeper: seed " + seed);
    ModelRun run = new ModelRun(seed, 3, 500, 300, 300, 8000, 20, 5_000_000L, true, 0, false);
    ModelPages pages = run.pages();
    UnixSocket[] pair = UnixSocket.pair();
    int last;
    try (InitUnderTest init = new InitUnderTest();
        PagerSession session = PagerSession.create(init.connection(), pages);
        UnixSocket ours = pair[0];
        SpawnedProcess victim = ModelRun.startVictim(pair[1])) {
      run.prepare(session, pages, ours, victim.pid());
      session.start();
      ours.send(new byte[1], List.of());
      session.fillAll();
      AtomicBoolean over = new AtomicBoolean();
      Killer killer = new Killer(session, seed, over);
      assertEquals(0, victim.await(), "status of the victim, seed " + seed);
      over.set(true);
      killer.join();
      System.out.println("keeper: killed together " + killer.kills + " times");
      assertTrue(killer.kills > 3, killer.kills + " kills");
      last = session.pagerPid();
    }
    await(() -> !Files.exists(Path.of("/proc/" + last)), "the end of the last pager");
  }

  private interface Condition {
    boolean holds() throws IOException;
  }

  private static void await(Condition condition, String what) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.holds()) {
      assertTrue(System.nanoTime() < deadline, "waited for " + what);
      LockSupport.parkNanos(2_000_000);
    }
  }

  /** Kills both at random moments, whenever all three are there. */
  private static final class Killer extends Thread {
    private final PagerSession session;
    private final Random random;
    private final AtomicBoolean over;
    private volatile int kills;

    Killer(PagerSession session, long seed, AtomicBoolean over) {
      this.session = session;
      this.random = new Random(seed);
      this.over = over;
      start();
    }

    @Override
    public void run() {
      int previous = -1;
      while (!over.get()) {
        int pager = session.pagerPid();
        Optional<Integer> init = parentOf(pager);
        if (pager == previous || init.isEmpty() || !hasKeeper(init.get())) {
          LockSupport.parkNanos(1_000_000);
          continue;
        }
        // Not a wait for something: the moments are to be random.
        LockSupport.parkNanos(random.nextInt(100_000_000));
        boolean initFirst = random.nextBoolean();
        SpawnedProcess.kill(initFirst ? init.get() : pager, SIGKILL);
        SpawnedProcess.kill(initFirst ? pager : init.get(), SIGKILL);
        previous = pager;
        kills++;
      }
    }

    private static Optional<Integer> parentOf(int pid) {
      try {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        boolean zombie = fields[0].equals("Z");
        return zombie ? Optional.empty() : Optional.of(Integer.parseInt(fields[1]));
      } catch (IOException e) {
        return Optional.empty();
      }
    }

    /** It sleeps in poll(2) once it has made its pidfd: from then on it takes over. */
    private static boolean hasKeeper(int init) {
      try {
        Path children = Path.of("/proc/" + init + "/task/" + init + "/children");
        for (String pid : Files.readString(children).trim().split(" ")) {
          if (!pid.isEmpty()
              && Files.readString(Path.of("/proc/" + pid + "/comm")).trim().equals("thaw-keeper")) {
            return true;
          }
        }
      } catch (IOException e) {
        return false;
      }
      return false;
    }
  }
}
