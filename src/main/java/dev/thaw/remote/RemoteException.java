package dev.thaw.remote;

import java.io.IOException;

/** Something could not be done in another process; the message begins with its pid. */
public class RemoteException extends IOException {
  private static final long serialVersionUID = 1L;
  private final int pid;
  private final int errno;

  public RemoteException(int pid, String what) {
    this(pid, what, 0, null);
  }

  public RemoteException(int pid, String what, Throwable cause) {
    this(pid, what, 0, cause);
  }

  /**
   * @param errno of the system call that failed there, or 0
   */
  public RemoteException(int pid, String what, int errno, Throwable cause) {
    super("pid " + pid + ": " + what, cause);
    this.pid = pid;
    this.errno = errno;
  }

  /** The task, as the tracer numbers it. */
  public int pid() {
    return pid;
  }

  /**
   * The errno of the operation that failed in the process; 0 where it is not about an operation.
   */
  public int errno() {
    return errno;
  }
}
