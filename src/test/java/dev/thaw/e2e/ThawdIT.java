package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.SpawnedProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands that thawd runs: as if a JVM of their own had run them. */
@Tag("e2e")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ThawdIT {
  private static final int OTHER_USER = 65534;
  private static final long MAX_OWN_KIB = 40 << 10;

  @TempDir Path directory;
  @TempDir Path place;
  private ThawdUnderTest thawd;

  @BeforeEach
  void startThawd() throws IOException {
    thawd = new ThawdUnderTest(place);
  }

  @AfterEach
  void endThawd() throws Exception {
    thawd.close();
  }

  @Test
  void itsSocketIsForItsUserOnly() throws Exception {
    assertEquals(
        "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(thawd.socket())));
  }

  @Test
  void everyCommandExitsAndPrintsAsItDoesAlone() throws Exception {
    Path checkpoint;
    try (Victim victim = Victim.start("brk_heap", directory)) {
      checkpoint = victim.dump("checkpoint");
    }
    Path damaged = Files.createDirectory(directory.resolve("damaged"));
    Files.writeString(damaged.resolve("checksums"), "no checkpoint");
    List<List<Object>> commands =
        List.of(
            List.of("version"),
            List.of("--help"),
            List.of("help", "restore"),
            List.of("verify", "--help"),
            List.of("check", "--json"),
            List.of("verify", checkpoint),
            List.of("inspect", checkpoint),
            List.of("plan", checkpoint),
            List.of("verify", directory.resolve("absent")),
            List.of("verify", damaged),
            List.of("restore", "-D", damaged),
            List.of("stats", "1"),
            List.of("stats", "4194305"),
            List.of("dump", "-t", "4194305", "-D", directory.resolve("other")),
            List.of("dump", "-t", thawd.pid(), "-D", directory.resolve("other")),
            List.of("dump"),
            List.of("dance"));
    for (List<Object> command : commands) {
      if (command.contains(thawd.pid())) {
        assertEquals(3, thawd.run(command.toArray()).exit(), "thawd dumps itself");
        continue;
      }
      Command alone = Command.thaw(command.toArray());
      Command served = thawd.run(command.toArray());
      assertEquals(alone.exit(), served.exit(), alone + "\n" + served);
      // How much memory is available changes from one look to the next.
      assertEquals(
          alone.output().replaceAll("\\d+ MiB", "N MiB"),
          served.output().replaceAll("\\d+ MiB", "N MiB"),
          command.toString());
    }
  }

  @Test
  void relativePathsAreTheLaunchers() throws Exception {
    try (Victim victim = Victim.start("brk_heap", directory)) {
      Path output = directory.resolve("output");
      List<Object> dump = List.of("dump", "-t", victim.pid(), "-D", "here", "-R");
      ProcessBuilder builder = thawd.builder(output, dump).directory(directory.toFile());
      ThawdUnderTest.ended(builder.start(), output, dump).succeeded();
      assertTrue(Files.exists(directory.resolve("here/manifest.json")));
      List<Object> verify = List.of("verify", "here");
      Command verified =
          ThawdUnderTest.ended(
              thawd.builder(output, verify).directory(directory.toFile()).start(), output, verify);
      assertTrue(verified.succeeded().output().startsWith("here: "), verified.toString());
    }
  }

  @Test
  void filesAreMadeWithTheLaunchersUmask() throws Exception {
    try (Victim victim = Victim.start("brk_heap", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      Path pidfile = directory.resolve("pid");
      Path output = directory.resolve("output");
      List<Object> restore =
          List.of("restore", "-d", "-D", checkpoint, "--pidfile", pidfile.toString());
      ProcessBuilder builder = thawd.builder(output, restore);
      List<String> line = new ArrayList<>(List.of("/bin/sh", "-c", "umask 027; exec \"$@\"", "sh"));
      line.addAll(builder.command());
      ThawdUnderTest.ended(builder.command(line).start(), output, restore).succeeded();
      assertEquals(
          "rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(pidfile)));
      victim.check();
    }
  }

  @Test
  void aRestoreInTheForegroundExitsAsTheRootDoes() throws Exception {
    try (Victim victim = Victim.start("brk_heap", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      Path output = directory.resolve("output");
      Path pidfile = directory.resolve("pid");
      List<Object> restore = List.of("restore", "-D", checkpoint, "--pidfile", pidfile);
      Process foreground = thawd.builder(output, restore).start();
      Victim.await("the restored root", () -> Files.exists(pidfile));
      victim.check();
      assertEquals(0, ThawdUnderTest.ended(foreground, output, restore).exit());
    }
  }

  /** As soon as its pid can be read. */
  @RepeatedTest(5)
  void signalsGoToTheRestoredRoot() throws Exception {
    try (Victim victim = Victim.start("brk_heap", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      Path output = directory.resolve("output");
      Path pidfile = directory.resolve("pid");
      List<Object> restore = List.of("restore", "-D", checkpoint, "--pidfile", pidfile);
      Process foreground = thawd.builder(output, restore).start();
      Victim.await("the restored root", () -> Files.exists(pidfile));
      foreground.destroy(); // SIGTERM
      assertEquals(128 + 15, ThawdUnderTest.ended(foreground, output, restore).exit());
      assertFalse(victim.isAlive());
    }
  }

  /** As a rule it still fills when it is killed; thaw-init then starts a filler of its own. */
  @RepeatedTest(3)
  void nothingIsLostWhenThawdIsKilledBehindARestore() throws Exception {
    try (Victim victim = Victim.start("cloned", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      thawd
          .run("restore", "-d", "-D", checkpoint, "--pidfile", directory.resolve("pid"))
          .succeeded();
      thawd.kill();
      victim.check();
    }
  }

  @Test
  void commandsRunAtTheSameTime() throws Exception {
    try (Victim first = Victim.start("threads", Files.createDirectory(directory.resolve("a")));
        Victim second =
            Victim.start("process_tree", Files.createDirectory(directory.resolve("b")))) {
      List<Process> running = new ArrayList<>();
      Path output = directory.resolve("output");
      for (Victim victim : List.of(first, second)) {
        for (int i = 0; i < 3; i++) {
          Path to = directory.resolve("checkpoint-" + victim.pid() + "-" + i);
          running.add(
              thawd
                  .builder(
                      directory.resolve(to.getFileName() + ".output"), List.of("verify", "--help"))
                  .start());
        }
        running.add(
            thawd
                .builder(
                    output, List.of("dump", "-R", "-t", victim.pid(), "-D", checkpoint(victim)))
                .start());
      }
      for (Process command : running) {
        assertTrue(command.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, command.exitValue(), Files.readString(output));
      }
      first.check();
      second.check();
    }
  }

  private Path checkpoint(Victim victim) {
    return directory.resolve("checkpoint-" + victim.pid());
  }

  @Test
  void anInterruptedCommandEndsAndLeavesTheTargetAsItWas() throws Exception {
    try (Victim victim = Victim.start("cloned", directory)) {
      Path checkpoint = directory.resolve("checkpoint");
      Path output = directory.resolve("output");
      List<Object> dump = List.of("dump", "-R", "-t", victim.pid(), "-D", checkpoint);
      Process command = thawd.builder(output, dump).start();
      Victim.await("a partial checkpoint", () -> hasPartial() || !command.isAlive());
      new ProcessBuilder("kill", "-INT", Long.toString(command.pid())).start().waitFor();
      int exit = ThawdUnderTest.ended(command, output, dump).exit();
      assertTrue(exit == 130 || exit == 0, "exit code " + exit);
      assertEquals(exit == 0, Files.exists(checkpoint));
      assertFalse(hasPartial(), "a partial checkpoint is left");
      victim.assertRuns();
      victim.check();
    }
  }

  private boolean hasPartial() {
    try (var entries = Files.list(directory)) {
      return entries.anyMatch(entry -> entry.getFileName().toString().contains(".partial-"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void refusesAnotherUser() throws Exception {
    Files.setPosixFilePermissions(place, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(place.getParent(), PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.setPosixFilePermissions(thawd.socket(), PosixFilePermissions.fromString("rw-rw-rw-"));
    Path output = directory.resolve("output");
    List<Object> version = List.of("version");
    ProcessBuilder builder = thawd.builder(output, version);
    List<String> line =
        new ArrayList<>(
            List.of(
                "/usr/bin/setpriv",
                "--reuid=" + OTHER_USER,
                "--regid=" + OTHER_USER,
                "--clear-groups"));
    // The build tree may be where that user cannot go: it gets a copy of the launcher.
    Path copy = Files.createDirectory(place.resolve("bin"));
    Files.copy(Path.of(builder.command().get(0)), copy.resolve("thaw"));
    Files.createFile(copy.resolve("thaw.jar"));
    line.add(copy.resolve("thaw").toString());
    line.add("version");
    Command refused = ThawdUnderTest.ended(builder.command(line).start(), output, version);
    assertEquals(5, refused.exit(), refused.toString());
    assertTrue(
        refused.output().startsWith("thaw: thawd serves user 0 only, not user 65534"),
        refused.output());
    assertEquals(1, refused.output().lines().count());
    thawd.run("version").succeeded();
  }

  @Test
  void aSecondOneIsRefusedAndADeadOneReplaced() throws Exception {
    Command second = Command.thaw("daemon", "--socket", thawd.socket());
    assertEquals(1, second.exit());
    assertEquals(
        "thaw: " + thawd.socket() + ": another thawd serves there already\n", second.output());
    thawd.kill();
    assertTrue(Files.exists(thawd.socket()), "SIGKILL leaves the socket");
    thawd.restart();
    thawd.run("version").succeeded();
    assertEquals(128 + 15, thawd.end());
    assertFalse(Files.exists(thawd.socket()), "SIGTERM takes it away");
  }

  @Test
  void aPlaceWhereItCannotServeIsNamed() throws Exception {
    Path socket = Files.createFile(directory.resolve("file")).resolve("place").resolve("socket");
    Command refused = Command.thaw("daemon", "--socket", socket);
    assertEquals(1, refused.exit());
    assertTrue(
        refused.output().startsWith("thaw: " + socket + ": its directory cannot be made, for "),
        refused.output());
    assertTrue(refused.output().endsWith(" with --socket or THAWD_SOCKET\n"), refused.output());
  }

  @Test
  void whereNoneServesTheCommandRunsByItself() throws Exception {
    thawd.kill();
    Path output = directory.resolve("output");
    ProcessBuilder builder = thawd.builder(output, List.of("version"));
    builder.environment().remove("JAVA_HOME");
    builder.environment().put("PATH", System.getenv("PATH"));
    if (System.getenv("JAVA_HOME") != null) {
      builder.environment().put("JAVA_HOME", System.getenv("JAVA_HOME"));
    }
    Command alone = ThawdUnderTest.ended(builder.start(), output, List.of("version"));
    assertTrue(alone.succeeded().output().startsWith("thaw "), alone.toString());
    assertEquals(1, alone.output().lines().count(), alone.output());
  }

  @Test
  void detachedItServesUntilItIsEnded() throws Exception {
    Path other = place.resolve("other.sock");
    Command.thaw("daemon", "-d", "--socket", other).succeeded();
    Path output = directory.resolve("output");
    ProcessBuilder builder = thawd.builder(output, List.of("version"));
    builder.environment().put("THAWD_SOCKET", other.toString());
    ThawdUnderTest.ended(builder.start(), output, List.of("version")).succeeded();
    for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
      if (process.info().arguments().map(List::of).orElse(List.of()).contains(other.toString())) {
        process.destroy();
      }
    }
    Victim.await("the end of it", () -> !Files.exists(other));
  }

  /** Page tables included. It gives back what it can when nothing has been asked for a while. */
  @Test
  void keepsLittleMemoryOfItsOwn() throws Exception {
    try (Victim victim = Victim.start("threads", directory)) {
      thawd.run("load", victim.dump("checkpoint"), "--name", "threads").succeeded();
      for (int round = 0; round < 5; round++) {
        String pids = thawd.run("clone", "-n", 8, "threads").succeeded().output();
        for (String pid : pids.lines().toList()) {
          SpawnedProcess.kill(Integer.parseInt(pid), 9);
        }
      }
      Victim.await("the end of its rehearsal", () -> !threads().contains("rehearsal"));
      Victim.await("no more than 40 MiB", () -> ownKib() <= MAX_OWN_KIB);
    }
  }

  /** Its rehearsal has restored too, and is to have closed everything as well. */
  @Test
  void closesTheBellsOfWhatItHasFilled() throws Exception {
    try (Victim victim = Victim.start("threads", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      for (int round = 0; round < 3; round++) {
        thawd.run("restore", "-d", "-D", checkpoint).succeeded();
        SpawnedProcess.kill(victim.pid(), 9);
        Victim.await("the end of the victim", () -> !victim.isAlive());
      }
      Victim.await("the end of its rehearsal", () -> !threads().contains("rehearsal"));
      Victim.await("no bell to be open", () -> bells() == 0);
    }
  }

  private long bells() {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + thawd.pid() + "/fd"))) {
      long bells = 0;
      for (Path descriptor : descriptors.toList()) {
        bells += Files.readSymbolicLink(descriptor).endsWith("anon_inode:[eventfd]") ? 1 : 0;
      }
      return bells;
    } catch (IOException e) {
      return Long.MAX_VALUE; // one has just been closed: look again
    }
  }

  private List<String> threads() {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + thawd.pid() + "/task"))) {
      List<String> names = new ArrayList<>();
      for (Path task : tasks.toList()) {
        names.add(Files.readString(task.resolve("comm")).strip());
      }
      return names;
    } catch (IOException e) {
      return List.of("rehearsal"); // a thread has just ended: look again
    }
  }

  private long ownKib() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + thawd.pid() + "/status"))) {
      return lines
          .filter(line -> line.startsWith("RssAnon:") || line.startsWith("VmPTE:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
