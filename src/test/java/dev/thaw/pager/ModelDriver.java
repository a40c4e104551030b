package dev.thaw.pager;

import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A JVM that thaw-init starts: drives one {@link ModelRun}, or takes over ({@code refill}) from one
 * that was killed. Ends when everything is filled.
 */
final class ModelDriver {
  private ModelDriver() {}

  public static void main(String[] args) throws Exception {
    List<String> words = Arrays.asList(args);
    ModelRun run = ModelRun.of(words.subList(1, words.size()));
    InitConnection init = InitConnection.inherited();
    if (words.get(0).equals("refill")) {
      PagerSession.resume(init, run.pages()).fillAll().join();
      return;
    }
    UnixSocket[] pair = UnixSocket.pair();
    PagerSession session = PagerSession.create(init, run.pages());
    // Left behind by its parent, the victim becomes a child of thaw-init, as a restored tree is.
    String victim = InitUnderTest.nativeFile("pager-test/pager_model");
    try (UnixSocket theirs = pair[1];
        SpawnedProcess shell =
            SpawnedProcess.start(List.of("/bin/sh", "-c", victim + " &"), List.of(theirs))) {
      shell.await();
    }
    int pid = adopted((int) init.hello().args()[0]);
    run.prepare(session, run.pages(), pair[0], pid);
    session.start();
    List<String> refill = new ArrayList<>(javaCommand());
    refill.add("refill");
    refill.addAll(run.toArguments());
    init.running(pid, pid, refill);
    pair[0].send(new byte[1], List.of());
    session.fillAll().join();
  }

  /** This JVM's command line, up to the main class. */
  static List<String> javaCommand() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xshare:auto",
        "-XX:TieredStopAtLevel=1",
        "-Dthaw.native=" + System.getProperty("thaw.native"),
        "-cp",
        System.getProperty("java.class.path"),
        ModelDriver.class.getName());
  }

  /** The child of thaw-init that is not this JVM. */
  private static int adopted(int init) throws IOException {
    String children = Files.readString(Path.of("/proc/" + init + "/task/" + init + "/children"));
    long self = ProcessHandle.current().pid();
    return Arrays.stream(children.trim().split(" "))
        .mapToInt(Integer::parseInt)
        .filter(pid -> pid != self)
        .findFirst()
        .orElseThrow(() -> new IOException("thaw-init has no other child: " + children));
  }
}
