package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.UnixSocket;
import dev.thaw.real.MemoryGroup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** thaw-init and thaw-pager are killed at once, again and again; the model still finds no error. */
@Tag("kernel")
class KeeperIT {
  /** Less than half of what is shared in the model, or stays in the memfd. */
  private static final long PAID_BYTES = 4 << 20;

  @Test
  @Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void everyWordIsRightWhileInitAndPagerAreKilledTogether() throws Exception {
    runAndKill((init, session) -> {});
  }

  /** Then thaw-init has requests all the time, and dies with some in hand. */
  @Test
  @Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void theSameWhereTheTreesCgroupPaysForWhatIsFilled() throws Exception {
    try (MemoryGroup group = new MemoryGroup("thaw-keeper")) {
      runAndKill(
          (init, session) -> {
            if (session == null) {
              group.enter(init.pid());
            } else {
              assertTrue(group.sharedBytes() > PAID_BYTES, group.sharedBytes() + " bytes");
            }
          });
    }
  }

  private interface Look {
    /** Before the session is made, and at the end of the victim. */
    void at(InitUnderTest init, PagerSession session) throws IOException;
  }

  private static void runAndKill(Look look) throws Exception {
    long seed = Long.getLong("thaw.model.seed", System.nanoTime());
    System.out.println("keeper: seed " + seed);
    ModelRun run = new ModelRun(seed, 3, 500, 300, 300, 8000, 20, 5_000_000L, true, 0, false);
    ModelPages pages = run.pages();
    UnixSocket[] pair = UnixSocket.pair();
    int last;
    try (InitUnderTest init = entered(look);
        PagerSession session = PagerSession.create(init.connection(), pages);
        UnixSocket ours = pair[0];
        SpawnedProcess victim = ModelRun.startVictim(pair[1])) {
      run.prepare(session, pages, ours, victim.pid());
      session.start();
      ours.send(new byte[1], List.of());
      session.fillAll();
      int kills;
      try (Killer killer = new Killer(seed, 50, new Both(session))) {
        assertEquals(0, victim.await(), "status of the victim, seed " + seed);
        kills = killer.kills() / 2;
      }
      System.out.println("keeper: killed together " + kills + " times");
      assertTrue(kills > 3, kills + " kills");
      look.at(init, session);
      last = session.pagerPid();
    }
    await(() -> !Files.exists(Path.of("/proc/" + last)), "the end of the last pager");
  }

  private static InitUnderTest entered(Look look) throws IOException {
    InitUnderTest init = new InitUnderTest();
    look.at(init, null);
    return init;
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

  /** thaw-init and thaw-pager, once each, whenever there is a third to take over. */
  private static final class Both implements Supplier<List<Integer>> {
    private final PagerSession session;
    private int previous = -1;

    Both(PagerSession session) {
      this.session = session;
    }

    @Override
    public List<Integer> get() {
      int pager = session.pagerPid();
      Optional<Integer> init = parentOf(pager);
      if (pager == previous || init.isEmpty() || !hasKeeper(init.get())) {
        return List.of();
      }
      previous = pager;
      return List.of(init.get(), pager);
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

    /** It has its name once it has made its pidfd: from then on it takes over. */
    private static boolean hasKeeper(int init) {
      return !Killer.children(init, "thaw-keeper").isEmpty();
    }
  }
}
