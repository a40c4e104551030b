package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each class of failure through the command: one line on stderr that names process, object, errno
 * and the way out, and the exit code that the README documents.
 */
@Tag("e2e")
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ErrorsIT {
  private static final int USAGE = 2;
  private static final int REFUSED = 3;
  private static final int BAD_IMAGE = 4;
  private static final int NOT_ALLOWED = 5;
  private static final int GONE = 6;

  /** Above every pid: linux/threads.h, PID_MAX_LIMIT. */
  private static final int NO_PID = 4 * 1024 * 1024 + 1;

  @TempDir Path directory;

  private Set<String> before;

  @BeforeEach
  void rememberWhatIsThere() throws IOException {
    before = names();
  }

  @AfterEach
  void noCheckpointIsLeftInPart() throws IOException {
    Set<String> after = names();
    after.removeAll(before);
    assertTrue(after.stream().noneMatch(name -> name.contains("partial")), after::toString);
  }

  private Set<String> names() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      Set<String> names = new TreeSet<>();
      files.forEach(file -> names.add(file.getFileName().toString()));
      return names;
    }
  }

  private static void assertFails(int exit, String line, Command command) {
    assertEquals("thaw: " + line + "\n", command.output(), command::toString);
    assertEquals(exit, command.exit(), command::toString);
  }

  private static Command dump(Object pid, Object to) throws Exception {
    return Command.thaw("dump", "-t", pid, "-D", to);
  }

  private static Command asNobody(Object... arguments) throws Exception {
    List<String> line =
        new ArrayList<>(
            List.of("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"));
    line.add(Path.of(Command.program()).toAbsolutePath().toString());
    for (Object argument : arguments) {
      line.add(argument.toString());
    }
    return Command.run(line);
  }

  private static int otherThread(int pid) throws IOException {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
      return tasks
          .mapToInt(task -> Integer.parseInt(task.getFileName().toString()))
          .filter(tid -> tid != pid)
          .findFirst()
          .orElseThrow();
    }
  }

  @Test
  void aWrongCommandLineIsNamedWithWhereToLook() throws Exception {
    assertFails(
        USAGE, "there is no command 'dmup'; see: thaw --help", Command.thaw("dmup", "-t", 1));
    assertFails(
        USAGE,
        "Missing required option: '--images-dir=DIR'; see: thaw dump --help",
        Command.thaw("dump", "-t", 1));
    for (int pid : List.of(0, -5)) {
      assertFails(
          USAGE,
          "Invalid value for option '--tree': " + pid + " is less than 1; see: thaw dump --help",
          dump(pid, directory.resolve("a")));
    }
    assertFails(
        USAGE,
        "Invalid value for option '--timeout': 0 is less than 1; see: thaw dump --help",
        Command.thaw("dump", "-t", NO_PID, "-D", directory.resolve("a"), "--timeout", 0));
  }

  @Test
  void whatIsNoProcessToDumpIsRefusedByName() throws Exception {
    Path to = directory.resolve("a");
    assertFails(GONE, "pid " + NO_PID + ": no such process; see ps -e", dump(NO_PID, to));
    String init = Files.readString(Path.of("/proc/1/comm")).strip();
    assertFails(
        REFUSED,
        "pid 1: " + init + ": is the init of this pid namespace; name a process below it",
        dump(1, to));
    long self = ProcessHandle.current().pid();
    String name = Files.readString(Path.of("/proc/self/comm")).strip();
    assertFails(
        REFUSED,
        "pid %d: %s: is an ancestor of this thaw, and would stop it; run thaw from elsewhere"
            .formatted(self, name),
        dump(self, to));
    try (Victim victim = Victim.start("threads", directory)) {
      int thread = otherThread(victim.pid());
      String threadName =
          Files.readString(Path.of("/proc/" + victim.pid() + "/task/" + thread + "/comm")).strip();
      assertFails(
          REFUSED,
          "pid %d: %s: is a thread; name its process, %d"
              .formatted(thread, threadName, victim.pid()),
          dump(thread, to));
    }
    assertFalse(Files.exists(to));
  }

  @Test
  void aDirectoryThatCannotBecomeACheckpointIsRefused() throws Exception {
    try (Victim victim = Victim.start("brk_heap", directory)) {
      Path full = Files.createDirectory(directory.resolve("full"));
      Files.createFile(full.resolve("x"));
      assertFails(
          REFUSED,
          full + ": is not empty, it holds x; give a new or empty directory",
          dump(victim.pid(), full));
      Path file = full.resolve("x");
      assertFails(
          REFUSED,
          file + ": exists and is not a directory; give a new or empty directory",
          dump(victim.pid(), file));
      Path below = directory.resolve("none/a");
      assertFails(
          REFUSED,
          below + ": there is no directory " + below.getParent() + "; make it",
          dump(victim.pid(), below));
      victim.assertRuns();
      victim.check();
    }
  }

  @Test
  void aFullDiskEndsTheDumpAndTheProgramRunsOn() throws Exception {
    Path small = Files.createDirectory(directory.resolve("small"));
    Command.run(List.of("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small.toString()))
        .succeeded();
    try (Victim victim = Victim.start("lost_pages", directory)) {
      Command dump = dump(victim.pid(), small.resolve("a"));
      assertTrue(
          dump.output()
              .matches(
                  "thaw: "
                      + small
                      + "/a/[a-z0-9.-]+: ENOSPC \\(No space left on device\\);"
                      + " make room there, or choose another directory\n"),
          dump::toString);
      assertEquals(1, dump.exit());
      try (Stream<Path> left = Files.list(small)) {
        assertEquals(0, left.count());
      }
      victim.assertRuns();
      victim.check();
    } finally {
      Command.run(List.of("umount", small.toString())).succeeded();
    }
  }

  @Test
  void aDirectoryThatCannotBeWrittenIsNamed() throws Exception {
    Path fixed = Files.createDirectory(directory.resolve("fixed"));
    Command.run(List.of("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", fixed.toString())).succeeded();
    try (Victim victim = Victim.start("brk_heap", directory)) {
      assertFails(
          1,
          fixed + ": EROFS (Read-only file system); choose a directory that can be written",
          dump(victim.pid(), fixed.resolve("a")));
      victim.assertRuns();
    } finally {
      Command.run(List.of("umount", fixed.toString())).succeeded();
    }
  }

  @Test
  void whoMayNotIsToldSo() throws Exception {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    try (Victim victim = Victim.start("brk_heap", directory)) {
      assertFails(
          NOT_ALLOWED,
          "pid %d: /proc/%d/ns/pid: EACCES (Permission denied); run as root, or as the user who may"
              .formatted(victim.pid(), victim.pid()),
          asNobody("dump", "-t", victim.pid(), "-D", directory.resolve("a")));
      Path checkpoint = victim.dump("checkpoint");
      assertFails(
          NOT_ALLOWED,
          checkpoint
              + "/checksums: EACCES (Permission denied); run as root, or as the user who may",
          asNobody("inspect", checkpoint));
    }
  }

  @Test
  void whatIsNoCheckpointIsNoneForEveryCommand() throws Exception {
    Path none = directory.resolve("none");
    Path empty = Files.createDirectory(directory.resolve("empty"));
    Path file = Files.writeString(directory.resolve("file"), "text");
    for (List<String> command :
        List.of(List.of("restore", "-d", "-D"), List.of("inspect"), List.of("verify"))) {
      List<Object> line = new ArrayList<>(command);
      line.add(none);
      assertFails(1, none + ": ENOENT (No such file or directory)", Command.thaw(line.toArray()));
      line.set(line.size() - 1, empty);
      assertFails(
          BAD_IMAGE,
          empty
              + ": is not a whole checkpoint, it has no file \"checksums\";"
              + " name a directory that thaw dump has made",
          Command.thaw(line.toArray()));
      line.set(line.size() - 1, file);
      assertFails(
          BAD_IMAGE,
          file + ": is a file, not a checkpoint; name a directory that thaw dump has made",
          Command.thaw(line.toArray()));
    }
  }

  @Test
  void aPidThatIsTakenIsNamedWithItsHolder() throws Exception {
    try (Victim victim = Victim.start("process_tree", directory)) {
      Path checkpoint = victim.dump("checkpoint", "-R");
      Command restore = Command.thaw("restore", "-D", checkpoint, "-d");
      assertFails(
          REFUSED,
          "pid %d is taken by a running process_tree; end it, or restore in another pid namespace"
              .formatted(victim.pid()),
          restore);
      victim.assertRuns();
      victim.check();
    }
  }

  @Test
  void aMissingFileIsNamedBeforeAnythingIsMade() throws Exception {
    try (Victim victim = Victim.start("files", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      Files.move(directory.resolve("log"), directory.resolve("away"));
      assertFails(
          REFUSED,
          "pid %d: %s: is not there any more; bring it back"
              .formatted(victim.pid(), directory.resolve("log")),
          Command.thaw("restore", "-D", checkpoint, "-d"));
      assertEquals(List.of(), victim.left());
      Files.move(directory.resolve("away"), directory.resolve("log"));
      victim.restore(checkpoint);
      victim.check();
    }
  }

  @Test
  void aPidFileThatCannotBeWrittenIsRefusedBeforeAnythingIsMade() throws Exception {
    try (Victim victim = Victim.start("brk_heap", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      Path pidfile = directory.resolve("none/pid");
      assertFails(
          REFUSED,
          "--pidfile %s: there is no directory %s; make it".formatted(pidfile, pidfile.getParent()),
          Command.thaw("restore", "-D", checkpoint, "-d", "--pidfile", pidfile));
      assertFails(
          REFUSED,
          "--pidfile " + checkpoint + ": is a directory; name a file",
          Command.thaw("restore", "-D", checkpoint, "-d", "--pidfile", checkpoint));
      assertEquals(List.of(), victim.left());
    }
  }

  @Test
  void statsOfWhatWasNotRestoredSaysSo() throws Exception {
    assertFails(GONE, "pid " + NO_PID + ": no such process", Command.thaw("stats", NO_PID));
    Command other = Command.thaw("stats", ProcessHandle.current().pid());
    assertFails(
        1,
        "pid %d: is not a process that thaw restored (no thaw-init above it)"
            .formatted(ProcessHandle.current().pid()),
        other);
  }
}
