package dev.thaw;

import java.nio.file.Path;
import java.time.Duration;

/**
 * What to dump, where to, and how: {@link #of} and what differs from it, e.g. {@code
 * DumpOptions.of(pid, directory).withLeaveRunning()}.
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

  /** The same, with the tree going on afterwards. */
  public DumpOptions withLeaveRunning() {
    return new DumpOptions(pid, directory, true, tcpClose, freezeTimeout, callerPid, progress);
  }

  /** The same, with established TCP connections dumped as closed. */
  public DumpOptions withTcpClose() {
    return new DumpOptions(pid, directory, leaveRunning, true, freezeTimeout, callerPid, progress);
  }

  /** The same, with another limit. */
  public DumpOptions withFreezeTimeout(Duration limit) {
    return new DumpOptions(pid, directory, leaveRunning, tcpClose, limit, callerPid, progress);
  }

  /** The same, told to {@code listener}. */
  public DumpOptions with(Progress listener) {
    return new DumpOptions(
        pid, directory, leaveRunning, tcpClose, freezeTimeout, callerPid, listener);
  }
}
