package dev.thaw.dump;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.remote.Target;
import dev.thaw.remote.TracerThread;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("kernel")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FrozenTreeIT {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final int ROUNDS = 100;

  @Test
  void threadsThatComeAndGoAreAllStoppedAndAllReleased() throws Exception {
    freezeAndThaw("threads");
  }

  @Test
  void childrenThatComeAndGoAreAllStoppedAndAllReleased() throws Exception {
    freezeAndThaw("fork");
  }

  private static void freezeAndThaw(String kind) throws Exception {
    try (Target target = Target.start(kind);
        TracerThread tracer = new TracerThread("tracer")) {
      int mostTasks = 0;
      for (int i = 0; i < ROUNDS; i++) {
        FrozenTree tree = tracer.submit(() -> FrozenTree.freeze(target.pid(), LIMIT));
        long rounds = target.rounds();
        mostTasks = Math.max(mostTasks, checkStopped(target.pid(), tree));
        assertEquals(rounds, target.rounds(), "nobody works while frozen");
        tracer.submit(
            () -> {
              tree.thaw();
              return null;
            });
        target.awaitProgress();
        target.assertUnharmed();
      }
      assertTrue(mostTasks > 1, "never saw more than one task");
      assertEquals(Set.of(), tracedTasks(target.pid()));
    }
  }

  /** What /proc shows under the root is what the tree has, each task stopped by a tracer. */
  private static int checkStopped(int root, FrozenTree tree) throws IOException {
    Set<Integer> expected = new TreeSet<>();
    Set<Integer> found = new TreeSet<>();
    for (FrozenTree.Member process : tree.processes()) {
      process.threads().forEach(thread -> expected.add(thread.tid()));
      try (var tids = Files.list(Path.of("/proc/" + process.pid() + "/task"))) {
        for (Path tid : tids.collect(Collectors.toList())) {
          char state = state(tid);
          if (state != 'Z' && state != 'X') {
            assertEquals('t', state, "state of " + tid);
            found.add(Integer.parseInt(tid.getFileName().toString()));
          }
        }
      }
    }
    assertTrue(expected.contains(root));
    assertEquals(found, expected);
    return found.size();
  }

  private static Set<String> tracedTasks(int pid) throws IOException {
    Set<String> traced = new TreeSet<>();
    try (var tids = Files.list(Path.of("/proc/" + pid + "/task"))) {
      for (Path tid : tids.collect(Collectors.toList())) {
        try {
          if (!Files.readString(tid.resolve("status")).contains("TracerPid:\t0\n")) {
            traced.add(tid.toString());
          }
        } catch (IOException e) {
          continue; // ended
        }
      }
    }
    return traced;
  }

  private static char state(Path task) throws IOException {
    String stat = Files.readString(task.resolve("stat"));
    return stat.charAt(stat.lastIndexOf(')') + 2);
  }
}
