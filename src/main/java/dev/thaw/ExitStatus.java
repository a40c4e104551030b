package dev.thaw;

import dev.thaw.linux.WaitStatus;

/**
 * How a process ended.
 *
 * @param killed by a signal, instead of having exited
 * @param number the exit code, or the number of the signal
 */
public record ExitStatus(boolean killed, int number) {
  private static final int KILLED = 128;

  /** Of a status as wait(2) tells it. */
  static ExitStatus of(int waitStatus) {
    WaitStatus status = new WaitStatus(waitStatus);
    return status.killed()
        ? new ExitStatus(true, status.signal())
        : new ExitStatus(false, status.exitCode());
  }

  /** As a shell has it: the exit code, or 128 + N where signal N killed it. */
  public int code() {
    return killed ? KILLED + number : number;
  }

  @Override
  public String toString() {
    return killed ? "killed by signal " + number : "exited with " + number;
  }
}
