package dev.thaw.restore.fd;

import dev.thaw.image.file.ProcessFd;
import dev.thaw.remote.Syscalls;

/** {@link ProcessFd}: all processes of the tree are there by then. */
public final class ProcessFdRestore implements FileRestore<ProcessFd> {
  private static final int O_NONBLOCK = 04000;

  @Override
  public void plan(ProcessFd file, FilePlan plan) {
    plan.place(
        Phase.CREATE,
        plan.in(Phase.CREATE).call(Syscalls.PIDFD_OPEN, file.pid(), file.flags() & O_NONBLOCK));
  }
}
