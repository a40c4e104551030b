package dev.thaw.remote;

import dev.thaw.linux.PidFd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A running native/victims/remote_target. Not a child of this JVM, whose process reaper would take
 * its ptrace stops.
 */
public final class Target implements AutoCloseable {
  private static final int SIGKILL = 9;

  private final int pid;
  private final String kind;
  private final PidFd pidfd;
  private final Path status;

  private Target(int pid, String kind, Path status) throws IOException {
    this.pid = pid;
    this.kind = kind;
    this.status = status;
    this.pidfd = PidFd.open(pid);
  }

  /** Starts one and waits until it works. */
  public static Target start(String kind) throws IOException, InterruptedException {
    Path status = Files.createTempFile("remote-target", kind);
    String victim =
        Path.of(System.getProperty("thaw.native"), "victims", "remote_target").toString();
    Process shell =
        new ProcessBuilder(
                "sh",
                "-c",
                "\"$0\" \"$@\" </dev/null >/dev/null 2>&1 & echo $!",
                victim,
                kind,
                status.toString())
            .start();
    String line;
    try (var out = shell.inputReader()) {
      line = out.readLine();
    }
    shell.waitFor();
    Target target = new Target(Integer.parseInt(line.strip()), kind, status);
    target.awaitStart();
    return target;
  }

  public int pid() {
    return pid;
  }

  public long rounds() throws IOException {
    return page().getLong(0);
  }

  /** How often its epoll_wait ended with EINTR. */
  long interruptions() throws IOException {
    return page().getLong(16);
  }

  private void awaitStart() throws IOException, InterruptedException {
    long end = System.nanoTime() + 20_000_000_000L;
    while (Files.size(status) == 0 || rounds() < 2) {
      if (System.nanoTime() > end) {
        throw new AssertionError("target " + pid + " did not start: " + state());
      }
      Thread.sleep(1);
    }
  }

  /** Waits until it has done two more rounds; throws where it is dead or hangs. */
  public void awaitProgress() throws IOException, InterruptedException {
    long end = System.nanoTime() + 20_000_000_000L;
    long from = rounds();
    while (rounds() < from + 2) {
      if (!Files.exists(Path.of("/proc/" + pid + "/maps")) || System.nanoTime() > end) {
        throw new AssertionError("target " + pid + " does not go on: " + state());
      }
      Thread.sleep(1);
    }
  }

  /** Fails with the target's own words where it noticed anything. */
  public void assertUnharmed() throws IOException {
    ByteBuffer page = page();
    if (page.getLong(8) != 0) {
      byte[] text = new byte[200];
      page.get(24, text);
      throw new AssertionError(
          page.getLong(8)
              + " errors, first: "
              + new String(text, StandardCharsets.US_ASCII).trim());
    }
  }

  void send(int signal) throws IOException {
    pidfd.send(signal);
  }

  /** Waits until its state, as /proc shows it, is {@code letter}. */
  void awaitState(char letter) {
    long end = System.nanoTime() + 20_000_000_000L;
    while (state().charAt(state().lastIndexOf(')') + 2) != letter) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not in state " + letter + ": " + state());
      }
      Thread.onSpinWait();
    }
  }

  /**
   * What of it can be seen from outside and must not change: mappings, descriptors, signal masks.
   */
  public String outside() throws IOException {
    // pthread_create maps stacks and blocks all signals for a while.
    boolean steady = !kind.equals("threads");
    // Inside sigsuspend the mask is another than between two of them.
    boolean steadyMask = steady && !kind.equals("sigsuspend");
    List<String> maps =
        Files.readAllLines(Path.of("/proc/" + pid + "/maps")).stream()
            .filter(line -> steady && !line.contains("[heap]"))
            .collect(Collectors.toList());
    Set<String> fds = new TreeSet<>();
    try (var dir = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      dir.forEach(path -> fds.add(path.getFileName().toString()));
    }
    String signals =
        Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
            .filter(
                line ->
                    line.matches(
                        "(SigIgn|SigCgt|TracerPid" + (steadyMask ? "|SigBlk" : "") + "):.*"))
            .collect(Collectors.joining("\n"));
    return String.join("\n", maps) + "\n" + fds + "\n" + signals;
  }

  private ByteBuffer page() throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(status)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private String state() {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/stat"));
    } catch (IOException e) {
      return "no such process";
    }
  }

  @Override
  public void close() throws IOException {
    try {
      pidfd.send(SIGKILL);
    } catch (IOException gone) {
      // it is what was wanted
    }
    pidfd.close();
    Files.deleteIfExists(status);
  }
}
