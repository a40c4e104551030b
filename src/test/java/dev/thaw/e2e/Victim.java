package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.PidFd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * One run of a program of {@code native/victims} with its log and its checkpoints in a directory of
 * its own. {@link #close} ends whatever is left of it, and fails if anything is left that should
 * not be.
 */
final class Victim implements AutoCloseable {
  private static final int SIGUSR2 = 12;
  private static final int SIGKILL = 9;
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Path SOURCES = Path.of("native/victims");
  private static final Path PROGRAMS =
      Path.of(System.getProperty("thaw.native", "target/native"), "victims").toAbsolutePath();

  /**
   * Its parent is a shell that waits for it: a JVM waits for its own children in a thread, which
   * would take the stops away from a tracer in the same JVM.
   */
  private final Process parent;

  private final Path program;
  private final Path directory;
  private final Path log;
  private final TreeSet<String> sharedFilesBefore = sharedFiles();
  private final int pid;
  private final Set<Integer> stoppedBefore = new HashSet<>();
  private boolean restored;

  private Victim(Path program, Path directory) throws IOException {
    this.program = program;
    this.directory = directory;
    this.log = directory.resolve("log");
    this.parent =
        new ProcessBuilder(
                "sh", "-c", "\"$0\" \"$1\" & echo $!; wait", program.toString(), log.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    this.pid = Integer.parseInt(parent.inputReader().readLine());
  }

  /** The names of all programs that are built on the frame, or on none, and run anywhere. */
  static List<String> names() {
    try (Stream<Path> sources = Files.list(SOURCES)) {
      return sources
          .filter(source -> source.toString().endsWith(".c") && isVictim(source))
          .map(source -> source.getFileName().toString().replaceAll("\\.c$", ""))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isVictim(Path source) {
    try {
      String text = Files.readString(source);
      return !text.contains("VICTIM_ALONE")
          && (text.contains("frame_start(") || text.contains("VICTIM_NO_LIBC"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Path program(String name) {
    return PROGRAMS.resolve(name);
  }

  /** Starts one and waits until its state is built. */
  static Victim start(String name, Path directory) throws IOException {
    Victim victim = new Victim(program(name), directory);
    try {
      await("ready", () -> victim.log().contains("ready\n") || !victim.isAlive());
      assertTrue(victim.isAlive(), victim.log());
      return victim;
    } catch (AssertionError e) {
      victim.killAll();
      throw e;
    }
  }

  int pid() {
    return pid;
  }

  boolean isAlive() {
    return Files.exists(Path.of("/proc/" + pid())) && state(pid()) != 'Z';
  }

  /** What it has written so far. */
  String log() {
    try {
      return Files.exists(log) ? Files.readString(log) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Dumps it; without {@code -R} it is gone afterwards. */
  Path dump(String checkpoint, String... options) throws IOException, InterruptedException {
    Path to = directory.resolve(checkpoint);
    stoppedBefore.clear();
    tasks().stream().filter(task -> state(task) == 'T').forEach(stoppedBefore::add);
    List<Object> arguments = new ArrayList<>(List.of("dump", "-t", pid(), "-D", to));
    arguments.addAll(List.of(options));
    Command.thaw(arguments.toArray()).succeeded();
    if (!List.of(options).contains("-R")) {
      if (!restored) {
        assertTrue(parent.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS), "the dump ends it");
      }
      await("the end of all that was dumped", () -> own().isEmpty());
    }
    return to;
  }

  /** Restores it from {@code checkpoint}, as the same pids. */
  void restore(Path checkpoint, String... options) throws IOException, InterruptedException {
    Path pidFile = directory.resolve("pid");
    Files.deleteIfExists(pidFile);
    List<Object> arguments =
        new ArrayList<>(List.of("restore", "-D", checkpoint, "-d", "--pidfile", pidFile));
    arguments.addAll(List.of(options));
    Command.thaw(arguments.toArray()).succeeded();
    restored = true;
    assertEquals(pid(), Integer.parseInt(Files.readString(pidFile).strip()), "pid of the restored");
  }

  /** The same, with what the restore says later, too, in {@code errors}. */
  void restoreWithErrors(Path errors, Path checkpoint, String... options)
      throws IOException, InterruptedException {
    List<String> line =
        new ArrayList<>(List.of("sh", "-c", "\"$@\" 2>" + errors, "sh", Command.program()));
    line.addAll(List.of("restore", "-D", checkpoint.toString(), "-d"));
    line.addAll(List.of(options));
    Command.run(line).succeeded();
    restored = true;
  }

  /** What is left of it and of what serves a restore of it. */
  List<Integer> left() {
    return own();
  }

  /** Lets it check itself. */
  void check() throws IOException {
    assertEquals("PASS\n", verdict());
  }

  /** Lets it check itself, and returns what it then writes; it has ended if it passed. */
  String verdict() throws IOException {
    int position = log().length();
    try (PidFd pidFd = PidFd.open(pid())) {
      pidFd.send(SIGUSR2);
    }
    await("the verdict", () -> hasVerdict(log().substring(position)) || !isAlive());
    String verdict = log().substring(position);
    if (verdict.endsWith("PASS\n")) {
      await("the end of a victim that passed", () -> own().isEmpty());
    }
    return verdict;
  }

  private static boolean hasVerdict(String text) {
    return text.endsWith("PASS\n") || text.contains("FAIL:") && text.endsWith("\n");
  }

  /** Fails if a task of it is traced, or stopped and was not so before the dump. */
  void assertRuns() {
    for (int task : tasks()) {
      char state = state(task);
      boolean stopped = state == 'T' && !stoppedBefore.contains(task);
      assertTrue(state != 't' && !stopped, "task " + task + " is in state " + state);
    }
  }

  private List<Integer> tasks() {
    List<Integer> found = new ArrayList<>();
    for (int pid : own()) {
      try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
        tasks.forEach(task -> found.add(Integer.parseInt(task.getFileName().toString())));
      } catch (IOException | UncheckedIOException e) {
        // ended meanwhile
      }
    }
    return found;
  }

  /** The state letter of a task; Z if it is gone. */
  private static char state(int task) {
    try {
      String stat = Files.readString(Path.of("/proc/" + task + "/stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2);
    } catch (IOException e) {
      return 'Z';
    }
  }

  /** All processes that run this program, and all that serve its restore. */
  private List<Integer> own() {
    List<Integer> found = new ArrayList<>();
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      for (Path entry : (Iterable<Path>) all::iterator) {
        String name = entry.getFileName().toString();
        if (name.chars().allMatch(Character::isDigit) && isOwn(entry)) {
          found.add(Integer.parseInt(name));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  private boolean isOwn(Path proc) {
    try {
      return Files.readSymbolicLink(proc.resolve("exe")).equals(program)
          || Files.readString(proc.resolve("cmdline")).contains(directory.toString());
    } catch (IOException e) {
      return false; // ended meanwhile, or a kernel thread, or a zombie
    }
  }

  private static TreeSet<String> sharedFiles() {
    try (Stream<Path> files = Files.list(Path.of("/dev/shm"))) {
      TreeSet<String> names = new TreeSet<>();
      files.forEach(file -> names.add(file.getFileName().toString()));
      return names;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void killAll() {
    for (int pid : own()) {
      try (PidFd pidFd = PidFd.open(pid)) {
        pidFd.send(SIGKILL);
      } catch (IOException e) {
        // ended meanwhile
      }
    }
    await("the end of " + own(), () -> own().isEmpty());
  }

  /** Looks again until it is so. */
  static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("waited " + PATIENCE + " for " + what);
      }
      LockSupport.parkNanos(2_000_000);
    }
  }

  @Override
  public void close() {
    killAll();
    assertEquals(sharedFilesBefore, sharedFiles(), "files in /dev/shm");
  }
}
