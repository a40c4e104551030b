package dev.thaw.remote;

import dev.thaw.linux.PidFd;
import dev.thaw.linux.SyscallException;

/**
 * Named points at which a test makes the driver SIGKILL itself, by the system property {@code
 * thaw.remote.killAt}: kill safety is proved point by point, not only by chance.
 */
final class KillPoint {
  static final String PROPERTY = "thaw.remote.killAt";
  private static final int SIGKILL = 9;
  private static final String CHOSEN = System.getProperty(PROPERTY);

  private KillPoint() {}

  static void reach(String name) {
    if (name.equals(CHOSEN)) {
      try (PidFd self = PidFd.open((int) ProcessHandle.current().pid())) {
        self.send(SIGKILL);
      } catch (SyscallException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
