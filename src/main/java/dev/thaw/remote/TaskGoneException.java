package dev.thaw.remote;

/** The task exited or was killed. */
public final class TaskGoneException extends RemoteException {
  private static final long serialVersionUID = 1L;

  public TaskGoneException(int pid, String how) {
    super(pid, how);
  }
}
