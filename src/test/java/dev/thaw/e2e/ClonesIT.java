package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.PidFd;
import dev.thaw.restore.TemplateMemory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One checkpoint, many processes. */
@Tag("e2e")
@ExtendWith(HugePagePool.ForVictims.class)
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ClonesIT {
  private static final int SIGUSR2 = 12;
  private static final int SIGKILL = 9;
  private static final int CLONES = 64;
  private static final long VICTIM_PAGES = 64 << 8;
  private static final List<String> SYSV = List.of("sysv_shm", "hugetlb_sysv");

  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

  @TempDir Path directory;
  @TempDir Path place;
  private ThawdUnderTest thawd;

  @BeforeEach
  void startThawd() throws IOException {
    thawd = new ThawdUnderTest(place, "--no-rehearsal"); // its memory is looked at
  }

  @AfterEach
  void endThawd() throws Exception {
    thawd.close();
  }

  private static void send(int pid, int signal) throws IOException {
    try (PidFd pidfd = PidFd.open(pid)) {
      pidfd.send(signal);
    }
  }

  private static long lines(Victim victim, String start) {
    return victim.log().lines().filter(line -> line.startsWith(start)).count();
  }

  private List<Integer> clones(int count, String name, String... options)
      throws IOException, InterruptedException {
    List<Object> command = new ArrayList<>(List.of("clone", "-n", count, name));
    command.addAll(List.of(options));
    return thawd.run(command.toArray()).succeeded().output().lines().map(Integer::valueOf).toList();
  }

  private static boolean isGone(int pid) {
    return !Files.exists(Path.of("/proc/" + pid));
  }

  @Test
  void fewerThanOneIsAWrongCommandLine() throws Exception {
    for (int count : new int[] {0, -1}) {
      Command none = thawd.run("clone", "-n", count, "template");
      assertEquals(2, none.exit(), none.toString());
      assertEquals(
          "thaw: Invalid value for option '-n': "
              + count
              + " is less than 1; see: thaw clone --help\n",
          none.output());
    }
  }

  @Test
  void sixtyFourClonesSeeNothingOfEachOtherNorChangeTheTemplate() throws Exception {
    try (Victim victim = Victim.start("cloned", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      thawd.run("load", checkpoint, "--name", "many").succeeded();
      Path memory = TemplateMemory.memfds(thawd.pid(), "thaw-private").get(0);
      Path shared = TemplateMemory.memfds(thawd.pid(), "thaw-shared").get(0);
      long blocks = blocks(memory);
      List<Integer> pids = clones(CLONES, "many", "--signal-clones", "USR1");
      assertEquals(CLONES, new TreeSet<>(pids).size());
      Victim.await("all clones to have written", () -> lines(victim, "clone ") == CLONES);
      for (int i = 0; i < CLONES; i++) {
        assertEquals(1, lines(victim, "clone " + i + " wrote"), victim.log());
      }
      for (int killed : List.of(pids.get(0), pids.get(30))) {
        send(killed, SIGKILL);
        Victim.await("the end of one clone", () -> isGone(killed));
      }
      assertEquals(blocks, blocks(memory), "no clone adds to the template, nor takes from it");
      assertTrue(TemplateMemory.comparePrivate(checkpoint, memory) >= VICTIM_PAGES);
      assertTrue(TemplateMemory.compareShared(checkpoint, shared) > 0);
      thawd.run("unload", "many").succeeded();
      assertEquals(List.of(), TemplateMemory.memfds(thawd.pid(), "thaw-private"));
      thawd.kill();
      for (int pid : pids) {
        if (pid != pids.get(0) && pid != pids.get(30)) {
          send(pid, SIGUSR2);
        }
      }
      Victim.await(
          "the verdicts", () -> lines(victim, "PASS") + lines(victim, "FAIL") == CLONES - 2);
      assertEquals(CLONES - 2, lines(victim, "PASS"), victim.log());
    }
  }

  private static long blocks(Path file) throws IOException, InterruptedException {
    Command stat = Command.run(List.of("stat", "-L", "-c", "%b", file.toString()));
    return Long.parseLong(stat.succeeded().output().strip());
  }

  @Test
  void cleanPagesExistOnce() throws Exception {
    try (Victim victim = Victim.start("cloned", directory)) {
      thawd.run("load", victim.dump("checkpoint"), "--name", "one").succeeded();
      List<Integer> pids = clones(8, "one");
      for (int pid : pids) {
        // Every page is in its page table once somebody has read it all from outside.
        assertEquals(VICTIM_PAGES, touch(pid));
      }
      long rss = 0;
      long pss = 0;
      for (int pid : pids) {
        rss += sum(pid, "Rss:");
        pss += sum(pid, "Pss:");
      }
      assertTrue(rss >= 8 * 4 * VICTIM_PAGES, "Rss of all: " + rss + " KiB");
      assertTrue(pss < 2 * 4 * VICTIM_PAGES, "Pss of all: " + pss + " KiB");
    }
  }

  /** Reads the largest mapping of its template's memory; returns its pages. */
  private static long touch(int pid) throws IOException {
    String[] largest = null;
    long bytes = 0;
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/maps"))) {
      String[] range = line.split("[- ]");
      long length = Long.parseUnsignedLong(range[1], 16) - Long.parseUnsignedLong(range[0], 16);
      if (line.contains("/memfd:thaw-private") && length > bytes) {
        bytes = length;
        largest = range;
      }
    }
    long start = Long.parseLong(largest[0], 16);
    for (long at = 0; at < bytes; at += 1 << 20) {
      dev.thaw.linux.ProcessVm.read(pid, start + at, (int) Math.min(1 << 20, bytes - at));
    }
    return bytes / 4096;
  }

  private static long sum(int pid, String key) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid + "/smaps_rollup")).stream()
        .filter(line -> line.startsWith(key))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .sum();
  }

  @Test
  void nobodyCanWriteToATemplate() throws Exception {
    try (Victim victim = Victim.start("cloned", directory)) {
      thawd.run("load", victim.dump("checkpoint"), "--name", "sealed").succeeded();
      for (String name : List.of("thaw-private", "thaw-shared")) {
        Path memfd = TemplateMemory.memfds(thawd.pid(), name).get(0);
        try (FileChannel file = FileChannel.open(memfd, StandardOpenOption.WRITE)) {
          IOException refused =
              assertThrows(IOException.class, () -> file.write(java.nio.ByteBuffer.allocate(1), 0));
          assertTrue(refused.getMessage().contains("not permitted"), refused.getMessage());
          assertThrows(IOException.class, () -> file.truncate(0));
        }
      }
    }
  }

  @Test
  void clonesLiveOnWhenThawdIsKilledAndAnotherOneServes() throws Exception {
    try (Victim victim = Victim.start("cloned", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      thawd.run("load", checkpoint, "--name", "kept").succeeded();
      int old = clones(1, "kept", "--signal-clones", "SIGUSR1").get(0);
      thawd.kill();
      thawd.restart();
      assertEquals(1, thawd.run("stats", "kept").exit(), "the new one has no template");
      thawd.run("load", checkpoint, "--name", "kept").succeeded();
      int fresh = clones(1, "kept").get(0);
      Victim.await("the old clone to have written", () -> lines(victim, "clone 0") == 1);
      send(old, SIGUSR2);
      send(fresh, SIGUSR2);
      Victim.await("both verdicts", () -> lines(victim, "PASS") + lines(victim, "FAIL") == 2);
      assertEquals(2, lines(victim, "PASS"), victim.log());
    }
  }

  static Stream<String> victims() {
    // Those that share an IPC namespace cannot be cloned; see the test below.
    return Victim.names().stream().filter(name -> !SYSV.contains(name));
  }

  @ParameterizedTest
  @MethodSource("victims")
  void everyVictimIsTheSameAsAClone(String name) throws Exception {
    try (Victim victim = Victim.start(name, directory)) {
      thawd.run("load", victim.dump("checkpoint"), "--name", "victim").succeeded();
      int position = victim.log().length();
      int pid = clones(1, "victim").get(0);
      send(pid, SIGUSR2);
      Victim.await("the end of the clone", () -> isGone(pid));
      assertEquals("PASS\n", victim.log().substring(position), thawd.log());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "anon_kinds",
        "brk_heap",
        "cow_fork",
        "hugetlb",
        "hugetlb_sysv",
        "memfds",
        "shared_anon",
        "threads"
      })
  void isTheSameRestoredFromATemplate(String name) throws Exception {
    try (Victim victim = Victim.start(name, directory)) {
      Path checkpoint = victim.dump("checkpoint");
      thawd.run("load", checkpoint, "--name", "warm").succeeded();
      thawd
          .run("restore", "-d", "-D", checkpoint, "--pidfile", directory.resolve("pid"))
          .succeeded();
      assertTrue(thawd.run("stats", "warm").output().contains("1 clone made"), "from the template");
      victim.check();
    }
  }

  @Test
  void aTemplateIsNotUsedForAnotherCheckpointInItsPlace() throws Exception {
    try (Victim victim = Victim.start("brk_heap", directory)) {
      Path checkpoint = victim.dump("checkpoint", "-R");
      thawd.run("load", checkpoint, "--name", "old").succeeded();
      Files.move(checkpoint, directory.resolve("moved"));
      victim.dump("checkpoint");
      thawd
          .run("restore", "-d", "-D", checkpoint, "--pidfile", directory.resolve("pid"))
          .succeeded();
      assertTrue(thawd.run("stats", "old").output().contains("0 clones made"));
      victim.check();
    }
  }

  /**
   * Its pid is taken outside of the clone, where thawd is a child of pid 1 as thaw-init is inside.
   */
  @Test
  void aThawdThatOthersHaveAdoptedClonesBesideTheOriginal() throws Exception {
    try (Victim victim = Victim.start("brk_heap", directory)) {
      Path checkpoint = victim.dump("checkpoint", "-R");
      Path pidfile = directory.resolve("pid");
      ThawdUnderTest.adopted(
          place,
          daemon -> {
            daemon.run("load", checkpoint, "--name", "beside").succeeded();
            daemon.run("clone", "-d", "beside", "--pidfile", pidfile).succeeded();
          });
      int clone = Integer.parseInt(Files.readString(pidfile).strip());
      assertTrue(victim.isAlive() && clone != victim.pid());
      send(clone, SIGKILL);
    }
  }

  /**
   * Its check compares what its C library takes for its pid; the frame itself holds the old one.
   */
  @Test
  void withANewPidItKnowsItself() throws Exception {
    try (Victim victim = Victim.start("cloned", directory)) {
      thawd.run("load", victim.dump("checkpoint"), "--name", "moved").succeeded();
      Path pidfile = directory.resolve("pid");
      Path output = directory.resolve("output");
      List<Object> clone =
          List.of("clone", "moved", "--new-pids", "--signal-clones", "USR1", "--pidfile", pidfile);
      Process foreground = thawd.builder(output, clone).start();
      Victim.await("the signal's work", () -> lines(victim, "clone 0 wrote") == 1);
      Victim.await("its pid", () -> Files.exists(pidfile)); // it runs before it is announced
      int pid = Integer.parseInt(Files.readString(pidfile).strip());
      assertEquals(
          Files.readSymbolicLink(Path.of("/proc/self/ns/pid")),
          Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/pid")));
      send(pid, SIGUSR2);
      assertEquals(0, ThawdUnderTest.ended(foreground, output, clone).exit(), victim.log());
      assertEquals(0, lines(victim, "FAIL"), victim.log());
    }
  }

  @Test
  void whatCannotBeClonedIsRefusedByName() throws Exception {
    try (Victim victim = Victim.start("threads", directory)) {
      thawd.run("load", victim.dump("checkpoint"), "--name", "threads").succeeded();
      refused("its threads: locks hold the ids of their owners", "threads", "--new-pids");
      refused("signal 10: it has no handler", "threads", "--signal-clones", "USR1");
      assertEquals(1, thawd.run("clone", "nobody").exit());
      assertEquals(2, thawd.run("clone", "threads", "--signal-clones", "SIGNOTHING").exit());
    }
  }

  @Test
  void aCloneIsDumpedFromInsideOnly() throws Exception {
    try (Victim victim = Victim.start("brk_heap", directory)) {
      thawd.run("load", victim.dump("checkpoint"), "--name", "inside").succeeded();
      int pid = clones(1, "inside").get(0);
      Command refused = thawd.run("dump", "-t", pid, "-D", directory.resolve("second"));
      assertEquals(3, refused.exit(), refused.toString());
      assertTrue(refused.output().contains("another pid namespace"), refused.output());
      send(pid, SIGUSR2);
      Victim.await("the end of the clone", () -> isGone(pid));
      assertTrue(victim.log().endsWith("PASS\n"), victim.log());
    }
  }

  @Test
  void systemVMemoryCannotBeCloned() throws Exception {
    try (Victim victim = Victim.start("sysv_shm", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      thawd.run("load", checkpoint, "--name", "sysv").succeeded();
      refused("exists once in an IPC namespace", "sysv");
      victim.restore(checkpoint); // its segments go with it
      victim.check();
    }
  }

  private void refused(String why, String... clone) throws Exception {
    List<Object> command = new ArrayList<>(List.of("clone"));
    command.addAll(List.of(clone));
    Command refused = thawd.run(command.toArray());
    assertEquals(3, refused.exit(), refused.toString());
    assertTrue(refused.output().contains(why), refused.output());
    assertEquals(1, refused.output().lines().count(), refused.output());
  }

  @Test
  void aPortThatIsTakenIsNamedAndANetworkNamespaceIsTheWayOut() throws Exception {
    try (Victim victim = Victim.start("tcp_listeners", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      thawd.run("load", checkpoint, "--name", "server").succeeded();
      try (ServerSocket taken = new ServerSocket(port(checkpoint), 1, LOOPBACK)) {
        Command second = thawd.run("clone", "-d", "server");
        assertEquals(1, second.exit(), second + " port " + taken.getLocalPort());
        assertTrue(second.output().contains("--net-namespace"), second.output());
        assertEquals(1, second.output().lines().count(), second.output());
      }
      int other = clones(1, "server", "--net-namespace").get(0);
      int position = victim.log().length();
      send(other, SIGUSR2);
      Victim.await("the end of a clone", () -> isGone(other));
      assertEquals("PASS\n", victim.log().substring(position));
    }
  }

  /** Of the first listener at 127.0.0.1. */
  private static int port(Path checkpoint) throws IOException {
    Matcher port =
        Pattern.compile("\"port\"\\s*:\\s*([1-9]\\d*)")
            .matcher(Files.readString(checkpoint.resolve("files.json")));
    assertTrue(port.find());
    return Integer.parseInt(port.group(1));
  }

  @Test
  void aCloneInTheForegroundExitsAsItsRootDoes() throws Exception {
    try (Victim victim = Victim.start("cloned", directory)) {
      thawd.run("load", victim.dump("checkpoint"), "--name", "one").succeeded();
      Path pidfile = directory.resolve("pid");
      Path output = directory.resolve("output");
      List<Object> clone = List.of("clone", "one", "--pidfile", pidfile);
      Process foreground = thawd.builder(output, clone).start();
      Victim.await("the clone", () -> Files.exists(pidfile) || !foreground.isAlive());
      send(Integer.parseInt(Files.readString(pidfile).strip()), SIGKILL);
      assertEquals(128 + SIGKILL, ThawdUnderTest.ended(foreground, output, clone).exit());
      assertFalse(victim.log().contains("FAIL"));
    }
  }
}
