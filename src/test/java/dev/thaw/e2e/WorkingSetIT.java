package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.LiveStats;
import dev.thaw.image.stats.FaultCounts;
import dev.thaw.image.stats.TreeStats;
import dev.thaw.linux.PidFd;
import dev.thaw.store.Recording;
import dev.thaw.store.RecordingFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What {@code native/victims/working_set.c} touches is recorded, in its order, and is there before
 * the first instruction of the next restore. Counters, not times.
 */
@Tag("e2e")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WorkingSetIT {
  private static final int SIGKILL = 9;
  private static final int SIGUSR1 = 10;
  private static final int SIGUSR2 = 12;
  private static final int PRIVATE_PAGES = 16384;
  private static final int SHARED_PAGES = 1024;

  /** In the order in which the victim touches them. */
  private static final List<Long> PRIVATE =
      IntStream.range(0, 1500).mapToObj(i -> (i * 7919L + 13) % PRIVATE_PAGES).toList();

  private static final List<Long> SHARED =
      IntStream.range(0, 100).mapToObj(i -> (i * 37L + 5) % SHARED_PAGES).toList();

  /** What the C library, the stacks and the kernel may need besides. */
  private static final int OTHERS = 60;

  @TempDir Path directory;

  private Victim start() throws IOException {
    return Victim.start("working_set", directory);
  }

  /** Has the victim touch its pages, after the restore. */
  private void touch(Victim victim) throws IOException {
    ask(victim, () -> {});
  }

  private void ask(Victim victim, Runnable meanwhile) throws IOException {
    int position = victim.log().length();
    signal(victim.pid(), SIGUSR2);
    while (!victim.log().substring(position).equals("ready\n")) {
      assertTrue(victim.isAlive(), victim.log());
      assertFalse(victim.log().contains("FAIL"), victim.log());
      meanwhile.run();
    }
  }

  private static void signal(int pid, int signal) throws IOException {
    try (PidFd pidFd = PidFd.open(pid)) {
      pidFd.send(signal);
    }
  }

  private static String mark(Victim victim) throws Exception {
    return Command.thaw("mark", victim.pid()).succeeded().output();
  }

  private static Recording only(Path checkpoint) throws IOException {
    List<Path> files = RecordingFiles.list(checkpoint);
    assertEquals(1, files.size(), files.toString());
    return RecordingFiles.read(files.get(0));
  }

  private static void awaitRecording(Path checkpoint) {
    Victim.await(
        "a recording",
        () -> {
          try {
            return !RecordingFiles.list(checkpoint).isEmpty();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private long firstPage() throws IOException {
    String where = Files.readString(directory.resolve("where")).strip();
    return Long.parseLong(where.substring(2), 16) / 4096;
  }

  private List<Long> privatePages(Recording recording) throws IOException {
    long first = firstPage();
    return recording.touches().stream()
        .filter(t -> !recording.pagemaps().get(t.pagemap()).startsWith("shared-"))
        .map(t -> t.page() - first)
        .filter(page -> page >= 0 && page < PRIVATE_PAGES)
        .toList();
  }

  private static List<Long> sharedPages(Recording recording) {
    return recording.touches().stream()
        .filter(t -> recording.pagemaps().get(t.pagemap()).startsWith("shared-"))
        .map(Recording.Touch::page)
        .toList();
  }

  /** Exactly what was touched, in its order, and hardly anything else. */
  private void assertHolds(Recording recording) throws IOException {
    assertEquals(PRIVATE, privatePages(recording));
    assertEquals(SHARED, sharedPages(recording));
    int others = recording.touches().size() - PRIVATE.size() - SHARED.size();
    assertTrue(others >= 0 && others < OTHERS, others + " other pages");
  }

  private Path recorded(Victim victim, String... options) throws Exception {
    Path checkpoint = victim.dump("checkpoint");
    Files.createFile(directory.resolve("touch"));
    List<String> all = new ArrayList<>(List.of(options));
    all.add("--record");
    victim.restore(checkpoint, all.toArray(String[]::new));
    return checkpoint;
  }

  /** Ends the victim as it is; it can be restored again. */
  private static void kill(Victim victim) throws IOException {
    signal(victim.pid(), SIGKILL);
    Victim.await("the end of the victim", () -> !victim.isAlive());
    Victim.await(
        "its pid to be free", () -> !Files.exists(Path.of("/proc/" + victim.pid() + "/stat")));
  }

  /** Pages that it waited for while it touched its pages, after a restore. */
  private long demanded(Victim victim, Path checkpoint, String... options) throws Exception {
    victim.restore(checkpoint, options);
    awaitFilled(victim);
    touch(victim);
    return counts(victim).onDemand();
  }

  private static FaultCounts counts(Victim victim) throws IOException {
    return LiveStats.of(victim.pid()).now().total().counts();
  }

  private static void awaitFilled(Victim victim) {
    Victim.await(
        "all pages",
        () -> {
          try {
            TreeStats stats = LiveStats.of(victim.pid()).now();
            return stats.filledPages() == stats.checkpointPages();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  @Test
  void whatIsTouchedIsRecordedAndThenInstalledBeforeTheFirstInstruction() throws Exception {
    try (Victim victim = start()) {
      // Without memory of its own, or all of it would be there soon, touched or not.
      Path checkpoint = recorded(victim, "--private-memory", "share");
      touch(victim);
      String said = mark(victim);
      assertTrue(said.contains(checkpoint + "/working-set-1.ws"), said);
      Recording recording = only(checkpoint);
      assertHolds(recording);
      assertEquals(Recording.End.MARK, recording.end());
      assertTrue(mark(victim).contains("had ended"), "twice");
      assertEquals(1, RecordingFiles.list(checkpoint).size());

      kill(victim);
      final long without = demanded(victim, checkpoint, "--no-graduate", "--no-working-set");
      assertEquals(0, counts(victim).prefaulted());
      kill(victim);
      long with = demanded(victim, checkpoint, "--no-graduate");
      long content = recording.touches().stream().filter(t -> !t.zero()).count();
      assertTrue(counts(victim).prefaulted() >= content, "each page, wherever mapped");
      assertTrue(with * 10 <= without, with + " demanded with it, " + without + " without");
      victim.check();
    }
  }

  @Test
  void aRecordingEndsWithItsTime() throws Exception {
    try (Victim victim = start()) {
      Path checkpoint = victim.dump("checkpoint");
      Files.createFile(directory.resolve("touch"));
      victim.restore(checkpoint, "--record=0.3", "--no-graduate");
      awaitRecording(checkpoint);
      touch(victim);
      Recording recording = only(checkpoint);
      assertEquals(Recording.End.TIME, recording.end());
      assertEquals(300_000_000L, recording.durationNanos());
      assertEquals(List.of(), privatePages(recording), "it came after the end");
      // The window is back: not every page was waited for.
      assertTrue(counts(victim).ahead() > 0);
      victim.check();
    }
  }

  @Test
  void aRecordingEndsAtASignalToThawInit() throws Exception {
    try (Victim victim = start()) {
      Path checkpoint = victim.dump("checkpoint");
      Files.createFile(directory.resolve("touch"));
      victim.restore(checkpoint, "--record-until-signal", "USR1");
      touch(victim);
      signal(parent(victim.pid()), SIGUSR1);
      awaitRecording(checkpoint);
      Recording recording = only(checkpoint);
      assertEquals(Recording.End.SIGNAL, recording.end());
      assertHolds(recording);
      victim.check();
    }
  }

  @Test
  void inTheForegroundTheSignalToTheCommandEndsItAndIsNotPassedOn() throws Exception {
    try (Victim victim = start()) {
      Path checkpoint = victim.dump("checkpoint");
      Files.createFile(directory.resolve("touch"));
      Path pidFile = directory.resolve("pid");
      Process restore =
          new ProcessBuilder(
                  System.getProperty("thaw.command", "target/thaw"),
                  "restore",
                  "--images-dir=" + checkpoint,
                  "--pidfile=" + pidFile,
                  "--record-until-signal=SIGUSR1")
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("restore.log").toFile())
              .start();
      Victim.await("the tree", () -> Files.exists(pidFile) || !restore.isAlive());
      touch(victim);
      signal((int) restore.pid(), SIGUSR1);
      awaitRecording(checkpoint);
      assertEquals(Recording.End.SIGNAL, only(checkpoint).end());
      assertHolds(only(checkpoint));
      assertTrue(victim.isAlive(), "SIGUSR1 would have killed it");
      victim.check();
      assertEquals(0, restore.waitFor());
    }
  }

  @Test
  void theEndOfTheTreeEndsItToo() throws Exception {
    try (Victim victim = start()) {
      Path checkpoint = recorded(victim);
      touch(victim);
      kill(victim);
      awaitRecording(checkpoint);
      assertEquals(Recording.End.GONE, only(checkpoint).end());
      assertHolds(only(checkpoint));
    }
  }

  @Test
  void pagesTouchedByAChildOfForkCount() throws Exception {
    try (Victim victim = start()) {
      Path checkpoint = victim.dump("checkpoint");
      Files.createFile(directory.resolve("touch-fork"));
      victim.restore(checkpoint, "--record");
      touch(victim);
      mark(victim);
      Recording recording = only(checkpoint);
      List<Long> pages = privatePages(recording);
      assertEquals(new TreeSet<>(PRIVATE), new TreeSet<>(pages));
      // The child, which came first, has touched every second one.
      List<Long> odd = IntStream.range(0, 750).mapToObj(i -> PRIVATE.get(2 * i + 1)).toList();
      assertEquals(odd, pages.subList(0, 750));
      assertEquals(new TreeSet<>(SHARED), new TreeSet<>(sharedPages(recording)));
      victim.check();
    }
  }

  @Test
  void trueAnonymousMemoryIsRecordedAndInstalledToo() throws Exception {
    try (Victim victim = start()) {
      Path checkpoint = recorded(victim, "--private-memory", "exact");
      touch(victim);
      assertEquals(0, counts(victim).ahead(), "nothing is drained while it records");
      mark(victim);
      Recording recording = only(checkpoint);
      assertHolds(recording);
      kill(victim);

      victim.restore(checkpoint, "--private-memory", "exact");
      long content = recording.touches().stream().filter(t -> !t.zero()).count();
      assertTrue(counts(victim).prefaulted() >= content);
      touch(victim);
      assertTrue(counts(victim).onDemand() <= 160, "of 1600 touched");
      victim.check();
    }
  }

  @Test
  void aPagerThatIsKilledMeanwhileLosesNothingAndRecordsNothingTwice() throws Exception {
    try (Victim victim = start()) {
      Path checkpoint = recorded(victim);
      Set<Integer> killed = new HashSet<>();
      ask(victim, () -> helper(victim, "thaw-pager").ifPresent(pid -> killOnce(pid, killed)));
      assertTrue(killed.size() > 3, killed.size() + " pagers killed");
      mark(victim);
      assertHolds(only(checkpoint));
      victim.check();
    }
  }

  @Test
  void aJvmThatIsKilledMeanwhileIsReplacedAndTheRecordingWritten() throws Exception {
    try (Victim victim = start()) {
      Path checkpoint = recorded(victim);
      awaitFilled(victim);
      int first = helper(victim, "java").orElseThrow();
      signal(first, SIGKILL);
      Victim.await("another JVM", () -> helper(victim, "java").filter(p -> p != first).isPresent());
      touch(victim);
      mark(victim);
      assertHolds(only(checkpoint));
      assertEquals(1, RecordingFiles.list(checkpoint).size());
      victim.check();
    }
  }

  @Test
  void aDamagedAndAForeignRecordingAreIgnoredWithAWarning() throws Exception {
    try (Victim victim = start()) {
      Path checkpoint = recorded(victim);
      touch(victim);
      mark(victim);
      Recording good = only(checkpoint);
      kill(victim);
      byte[] damaged = Files.readAllBytes(checkpoint.resolve("working-set-1.ws"));
      damaged[damaged.length / 2] ^= 1;
      Files.write(checkpoint.resolve("working-set-2.ws"), damaged);
      RecordingFiles.write(
          checkpoint, // number 3
          new Recording(1, 5, Recording.End.TIME, List.of("1"), List.of()),
          new byte[0]);
      Path pidFile = directory.resolve("pid");
      Command restore =
          Command.thaw("restore", "-D", checkpoint, "-d", "--pidfile", pidFile).succeeded();
      List<String> lines = restore.output().lines().toList();
      assertEquals(2, lines.size(), restore.toString());
      assertTrue(
          lines.get(0).matches("thaw: warning: .*working-set-2.ws: .*ignored"), lines.get(0));
      assertTrue(
          lines.get(1).matches("thaw: warning: .*working-set-3.ws: .*ignored"), lines.get(1));
      assertTrue(counts(victim).prefaulted() >= good.touches().size() / 2);
      touch(victim);
      victim.check();
    }
  }

  @Test
  void aFrameThatIsDamagedDoesNotKeepTheRestFromBeingInstalled() throws Exception {
    try (Victim victim = start()) {
      Path checkpoint = recorded(victim);
      touch(victim);
      mark(victim);
      kill(victim);
      Path pages = checkpoint.resolve("pages.img");
      byte[] content = Files.readAllBytes(pages);
      content[content.length / 2] ^= 1;
      Files.write(pages, content);
      victim.restore(checkpoint);
      long prefaulted = counts(victim).prefaulted();
      assertTrue(prefaulted >= 1600 - 16 && prefaulted < 1600 + OTHERS, prefaulted + " pages");
      assertTrue(victim.isAlive(), victim.log());
    }
  }

  /** Everything that their checks touch is recorded, installed, and checked once more. */
  @ParameterizedTest
  @CsvSource({
    "anon_kinds,share",
    "anon_kinds,graduate",
    "anon_after,share",
    "cow_fork,share",
    "cow_fork,graduate",
    "cow_fork,exact",
    "shared_anon,graduate",
    "memfds,graduate",
    "rounding,share",
    "threads,share"
  })
  void victimsAreTheSameWithTheirWholeWorkingSetInstalled(String name, String memory)
      throws Exception {
    try (Victim victim = Victim.start(name, directory)) {
      Path checkpoint = victim.dump("checkpoint");
      victim.restore(checkpoint, "--private-memory", memory, "--record");
      victim.check();
      awaitRecording(checkpoint);
      assertTrue(only(checkpoint).touches().size() > 0);
      victim.restore(checkpoint, "--private-memory", memory);
      assertTrue(counts(victim).prefaulted() > 0);
      victim.check();
    }
  }

  @Test
  void anOptimizedCheckpointIsRestoredAndItsRecordingsHold() throws Exception {
    try (Victim victim = start()) {
      Path checkpoint = recorded(victim);
      touch(victim);
      mark(victim);
      kill(victim);
      Command.thaw("optimize", checkpoint).succeeded();
      Command.thaw("verify", checkpoint).succeeded();

      victim.restore(checkpoint);
      assertTrue(counts(victim).prefaulted() >= 1600);
      touch(victim);
      assertTrue(counts(victim).onDemand() <= 160, "of 1600 touched");
      victim.check();
    }
  }

  private static int parent(int pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 4).split(" ")[0]);
  }

  /** A child of its thaw-init by name. */
  private static java.util.Optional<Integer> helper(Victim victim, String name) {
    try {
      int init = parent(victim.pid());
      String children = Files.readString(Path.of("/proc/" + init + "/task/" + init + "/children"));
      return Stream.of(children.trim().split(" "))
          .filter(pid -> name.equals(name(pid)))
          .map(Integer::parseInt)
          .findFirst();
    } catch (IOException e) {
      return java.util.Optional.empty();
    }
  }

  private static String name(String pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/comm")).strip();
    } catch (IOException e) {
      return ""; // ended meanwhile
    }
  }

  private static void killOnce(int pid, Set<Integer> killed) {
    try {
      signal(pid, SIGKILL);
      killed.add(pid);
    } catch (IOException e) {
      // ended meanwhile
    }
  }
}
