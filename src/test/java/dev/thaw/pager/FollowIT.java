package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.thaw.store.Joining;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The reader goes to the CPU of a thread that faults again and again, and comes back. */
@Tag("kernel")
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FollowIT {
  private static final int PAGES = 65536;
  private static final String SCHED_OTHER = "0";
  private static final String SCHED_IDLE = "5";

  /** How a thread is scheduled: the numbers of proc_pid_stat(5) and the CPUs of its status. */
  private record Scheduling(String policy, String cpus) {
    static Scheduling of(Path task) throws IOException {
      String stat = Files.readString(task.resolve("stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      String cpus =
          Files.readAllLines(task.resolve("status")).stream()
              .filter(line -> line.startsWith("Cpus_allowed_list:"))
              .map(line -> line.substring(line.indexOf(':') + 1).strip())
              .findFirst()
              .orElseThrow();
      return new Scheduling(fields[41 - 3], cpus);
    }
  }

  @ParameterizedTest
  @CsvSource({"PRIVATE, false", "ANON, false", "PRIVATE, true", "ANON, true"})
  void itRunsWhereTheFaultsComeFromAndGoesBackWhenNoneCome(VmaKind kind, boolean contended)
      throws Exception {
    List<Integer> cpus = cpus();
    assumeTrue(cpus.size() > 1, "one CPU only");
    int faulting = cpus.get(0);
    int other = cpus.get(cpus.size() - 1);
    try (TouchRun run = new TouchRun("up", kind, PAGES, PAGES);
        Rival rival = contended ? new Rival(faulting) : null) {
      run.session().setFaultAround(1, 1);
      Path reader = reader(run.session().pagerPid());
      Scheduling before = Scheduling.of(reader);
      assertEquals(SCHED_OTHER, before.policy());
      assertNotEquals(Integer.toString(faulting), before.cpus());
      pin(run.pid(), faulting);
      pin(Integer.parseInt(reader.getFileName().toString()), other);
      // Only who has followed gives back the CPUs that it had before we took them.
      try (Sampler sampler = new Sampler(reader)) {
        run.begin();
        run.awaitAllSeen();
        await("the reader as it was", reader, before);
        assertTrue(
            contended || sampler.seen(new Scheduling(SCHED_IDLE, Integer.toString(faulting))),
            "it has run where the faults came from");
      }
      run.end();
      assertTrue(rival == null || rival.runs());
    }
  }

  private static void await(String what, Path task, Scheduling expected) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    Scheduling now = Scheduling.of(task);
    while (!now.equals(expected)) {
      assertTrue(System.nanoTime() < deadline, "waited for " + what + ", it is " + now);
      LockSupport.parkNanos(1_000_000);
      now = Scheduling.of(task);
    }
  }

  /** The one thread of the pager that is not its main thread; it comes by itself. */
  private static Path reader(int pager) throws IOException {
    Path tasks = Path.of("/proc", Integer.toString(pager), "task");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (System.nanoTime() < deadline) {
      try (var all = Files.list(tasks)) {
        List<Path> others = all.filter(task -> !task.endsWith(Integer.toString(pager))).toList();
        if (others.size() == 1) {
          return others.get(0);
        }
      }
      LockSupport.parkNanos(1_000_000);
    }
    throw new AssertionError("the pager has no reader");
  }

  /** Those that this JVM may use. */
  private static List<Integer> cpus() throws IOException {
    List<Integer> all = new ArrayList<>();
    for (String range : Scheduling.of(Path.of("/proc/self")).cpus().split(",")) {
      String[] ends = range.split("-");
      int last = Integer.parseInt(ends[ends.length - 1]);
      for (int cpu = Integer.parseInt(ends[0]); cpu <= last; cpu++) {
        all.add(cpu);
      }
    }
    return all;
  }

  private static void pin(int thread, int cpu) throws IOException, InterruptedException {
    Process taskset =
        new ProcessBuilder("taskset", "-pc", Integer.toString(cpu), Integer.toString(thread))
            .redirectErrorStream(true)
            .start();
    String said = new String(taskset.getInputStream().readAllBytes());
    assertEquals(0, taskset.waitFor(), said);
  }

  /** Looks at a thread again and again. */
  private static final class Sampler implements AutoCloseable {
    private static final int WARM = 2000;

    private final Set<Scheduling> seen = ConcurrentHashMap.newKeySet();
    private final AtomicInteger samples = new AtomicInteger();
    private final Thread thread;
    private volatile boolean over;

    /** Returns when it looks as often as it can. */
    Sampler(Path task) {
      thread = new Thread(() -> work(task), "sampler");
      thread.start();
      while (samples.get() < WARM && thread.isAlive()) {
        LockSupport.parkNanos(1_000_000);
      }
    }

    private void work(Path task) {
      try {
        while (!over) {
          seen.add(Scheduling.of(task));
          samples.incrementAndGet();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    boolean seen(Scheduling scheduling) {
      return seen.contains(scheduling);
    }

    @Override
    public void close() {
      over = true;
      Joining.join(thread);
    }
  }

  /** Wants all of a CPU: a SCHED_IDLE thread gets nearly nothing of it. */
  private static final class Rival implements AutoCloseable {
    private final Process process;

    Rival(int cpu) throws IOException {
      process =
          new ProcessBuilder(
                  "taskset", "-c", Integer.toString(cpu), "sh", "-c", "while :; do :; done")
              .start();
    }

    boolean runs() {
      return process.isAlive();
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
