package dev.thaw;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What to dump, where to, and how.
 *
 * @param pid the root of the tree
 * @param directory the checkpoint to make; must not exist, or be empty
 * @param leaveRunning the tree goes on after the dump instead of being killed
 * @param tcpClose established TCP connections are dumped as closed instead of refused
 * @param freezeTimeout how long the tree may take to stop before the dump gives up
 * @param callerPid who asked for it: neither it nor an ancestor of it can be dumped
 * @param progress told how far the dump is
 */
public record DumpOptions(
    int pid,
    Path directory,
    boolean leaveRunning,
    boolean tcpClose,
    Duration freezeTimeout,
    int callerPid,
    Progress progress) {

  /** Refuses a pid that cannot be one. */
  public DumpOptions {
    if (pid <= 0) {
      throw new IllegalArgumentException("pid " + pid);
    }
  }

  /** The options of {@code thaw dump -t pid -D directory} without any other. */
  public static DumpOptions of(int pid, Path directory) {
    return new DumpOptions(
        pid,
        directory,
        false,
        false,
        Duration.ofSeconds(10),
        (int) ProcessHandle.current().pid(),
        Progress.NONE);
  }
}
