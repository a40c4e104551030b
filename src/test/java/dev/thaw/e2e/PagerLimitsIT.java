package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.thaw.LiveStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A restored program forks more than its pager has room for: it waits, and loses nothing. */
@Tag("e2e")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PagerLimitsIT {
  /** The tables of one process are 272 MiB of addresses. */
  private static final long ONE_MORE_BYTES = 400L << 20;

  @TempDir Path directory;

  /**
   * @param free numbers that are left for descriptors: a child takes three, the first of them when
   *     the pager reads that it was forked
   */
  @ParameterizedTest
  @ValueSource(ints = {3, 4, 5})
  void childrenWaitForDescriptors(int free) throws Exception {
    try (Victim victim = Victim.start("fork_many", directory)) {
      victim.restore(victim.dump("checkpoint"), "--private-memory", "share");
      int init = LiveStats.of(victim.pid()).now().initPid();
      limit(pager(init), "nofile", limitThatLeaves(free, new ProcView(init).descriptors()));
      victim.check();
    }
  }

  @Test
  void childrenWaitForAddressSpace() throws Exception {
    try (Victim victim = Victim.start("fork_many", directory)) {
      victim.restore(victim.dump("checkpoint"), "--private-memory", "share");
      int pager = pager(LiveStats.of(victim.pid()).now().initPid());
      limit(pager, "as", sizeBytes(pager) + ONE_MORE_BYTES);
      victim.check();
    }
  }

  /** What bounds files and addresses in the caller's shell does not bound the tables. */
  @ParameterizedTest
  @ValueSource(strings = {"-f 100", "-v 4000000", "-d 100000", "-n 20"})
  void theCallersSoftLimitsAreNotThoseOfTheRestore(String limit) throws Exception {
    try (Victim victim = Victim.start("fork_many", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      String restore =
          "ulimit -S %s; exec %s --no-daemon restore -d -D %s"
              .formatted(limit, Path.of(Command.program()).toAbsolutePath(), checkpoint);
      Command.run(List.of("sh", "-c", restore)).succeeded();
      victim.check();
    }
  }

  private static long limitThatLeaves(int free, TreeSet<Integer> taken) {
    int number = 0;
    for (int left = free; left > 0; number++) {
      left -= taken.contains(number) ? 0 : 1;
    }
    return number;
  }

  private static void limit(int pid, String resource, long value) throws Exception {
    String both = "--" + resource + "=" + value + ":" + value;
    Command.run(List.of("prlimit", "--pid", Integer.toString(pid), both)).succeeded();
  }

  private static int pager(int init) throws IOException {
    List<ProcView> pagers = new ProcView(init).childrenNamed("thaw-pager");
    assertEquals(1, pagers.size(), "pagers");
    return pagers.get(0).pid();
  }

  private static long sizeBytes(int pid) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
        .filter(line -> line.startsWith("VmSize:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
        .findFirst()
        .orElseThrow();
  }
}
