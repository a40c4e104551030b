package dev.thaw.real;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * A program under test, before its dump or after its restore: a session of its own, standard
 * streams on files, no descriptor inherited. {@link #close} kills it and checks that nothing of a
 * restore is left.
 */
final class Target implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private final ProcessHandle handle;

  private Target(ProcessHandle handle) {
    this.handle = handle;
  }

  /**
   * Starts {@code command} in {@code directory}, with its output in {@code out} and {@code err}
   * there.
   */
  static Target start(Path directory, List<String> command) throws IOException {
    List<String> inSession = new ArrayList<>(List.of("setsid"));
    inSession.addAll(command);
    Process process =
        new ProcessBuilder(inSession)
            .directory(directory.toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(directory.resolve("out").toFile())
            .redirectError(directory.resolve("err").toFile())
            .start();
    return new Target(process.toHandle());
  }

  /** Restores a checkpoint by {@code thaw restore -d} with more options. */
  static Target restore(Path checkpoint, Object... options)
      throws IOException, InterruptedException {
    Path pidFile = Files.createTempFile("thaw-pid", ".txt");
    Files.delete(pidFile);
    List<Object> arguments =
        new ArrayList<>(List.of("restore", "-D", checkpoint, "-d", "--pidfile", pidFile));
    arguments.addAll(List.of(options));
    Thaw.succeed(arguments.toArray());
    long pid = Long.parseLong(Files.readString(pidFile).strip());
    Files.delete(pidFile);
    return of(pid);
  }

  /** A process that runs already. */
  static Target of(long pid) {
    return new Target(
        ProcessHandle.of(pid).orElseThrow(() -> new AssertionError("no process " + pid)));
  }

  long pid() {
    return handle.pid();
  }

  /** Dumps it; it is gone afterwards. */
  Thaw.Outcome dump(Path checkpoint, Object... options) throws IOException, InterruptedException {
    List<Object> arguments = new ArrayList<>(List.of("dump", "-t", pid(), "-D", checkpoint));
    arguments.addAll(List.of(options));
    Thaw.Outcome outcome = Thaw.succeed(arguments.toArray());
    if (!List.of(options).contains("-R")) {
      awaitEnd(handle);
    }
    return outcome;
  }

  boolean isAlive() {
    return handle.isAlive();
  }

  /** The number of bytes that its page tables map now. */
  long residentBytes() throws IOException {
    try (Stream<String> lines = Files.lines(proc("smaps_rollup"))) {
      String line = lines.filter(l -> l.startsWith("Rss:")).findFirst().orElseThrow();
      return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
    }
  }

  /** The number of its descriptors that are sockets. */
  long sockets() {
    try (Stream<Path> descriptors = Files.list(proc("fd"))) {
      return descriptors.filter(fd -> link(fd).startsWith("socket:")).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String link(Path fd) {
    try {
      return Files.readSymbolicLink(fd).toString();
    } catch (IOException e) {
      return ""; // closed meanwhile
    }
  }

  /** A file of {@code /proc} about it. */
  Path proc(String name) {
    return Path.of("/proc/" + pid() + "/" + name);
  }

  /** Kills a process of its restore by SIGKILL: {@code thaw-pager}, or {@code java}. */
  void killHelper(String name) {
    await("a helper " + name + " of process " + pid(), () -> helper(name).isPresent());
    ProcessHandle helper = helper(name).orElseThrow();
    helper.destroyForcibly();
    await("the end of " + name, () -> !helper.isAlive() || !name.equals(name(helper)));
  }

  /** Whether its restore still has such a process. */
  boolean hasHelper(String name) {
    return helper(name).isPresent();
  }

  /** Whether a memfd of a restore is mapped in it, or held by what restored it. */
  boolean hasPrivateMemfd() throws IOException {
    if (Files.readString(proc("maps")).contains("memfd:thaw-private")) {
      return true;
    }
    Path held = Path.of("/proc/" + keeper().pid() + "/fd");
    try (Stream<Path> descriptors = Files.list(held)) {
      return descriptors.anyMatch(fd -> link(fd).contains("memfd:thaw-private"));
    }
  }

  private Optional<ProcessHandle> helper(String name) {
    return keeper().children().filter(child -> name.equals(name(child))).findFirst();
  }

  private ProcessHandle keeper() {
    return handle.parent().orElseThrow(() -> new AssertionError("an orphan: " + pid()));
  }

  private static String name(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc/" + process.pid() + "/comm")).strip();
    } catch (IOException e) {
      return ""; // ended meanwhile
    }
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

  private static void awaitEnd(ProcessHandle process) {
    await("the end of process " + process.pid(), () -> !process.isAlive());
  }

  @Override
  public void close() {
    if (!handle.isAlive()) {
      return;
    }
    ProcessHandle parent = keeper();
    boolean restored = "thaw-init".equals(name(parent));
    handle.destroyForcibly();
    awaitEnd(handle);
    if (restored) {
      List<ProcessHandle> helpers = parent.children().toList();
      awaitEnd(parent);
      for (ProcessHandle helper : helpers) {
        awaitEnd(helper);
      }
    }
  }
}
