package dev.thaw.real;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A restored tree of a bench: its root, and what Thaw has beside it. It may wait long for pid 1 to
 * take its exit code, which nobody has to wait for: {@link #endAll} does not.
 */
record BenchTree(long root, long init) {
  static BenchTree of(long root) {
    ProcessHandle parent = ProcessHandle.of(root).flatMap(ProcessHandle::parent).orElseThrow();
    return new BenchTree(root, parent.pid());
  }

  /** The root is what {@code pidfile} names. */
  static BenchTree of(Path pidfile) throws IOException {
    return of(Long.parseLong(Files.readString(pidfile).strip()));
  }

  /** thaw-init, and its children but the root. */
  List<Long> helpers() {
    List<Long> pids = new ArrayList<>(List.of(init));
    ProcessHandle.of(init).stream()
        .flatMap(ProcessHandle::children)
        .map(ProcessHandle::pid)
        .filter(pid -> pid != root && !hasEnded(pid))
        .forEach(pids::add);
    return pids;
  }

  void end() {
    endAll(List.of(this));
  }

  /** Kills the roots, and returns when nothing of the trees runs. */
  static void endAll(List<BenchTree> trees) {
    for (BenchTree tree : trees) {
      ProcessHandle.of(tree.root).ifPresent(ProcessHandle::destroyForcibly);
    }
    for (BenchTree tree : trees) {
      Target.await("the end of thaw-init " + tree.init, () -> hasEnded(tree.init));
    }
  }

  /** It is gone, or nothing of it runs. */
  static boolean hasEnded(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      char state = stat.charAt(stat.lastIndexOf(')') + 2);
      return state == 'Z' || state == 'X';
    } catch (IOException e) {
      return true; // gone, before it was opened or while it was read
    }
  }
}
