package dev.thaw.restore.fd;

import dev.thaw.image.file.EventFd;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;

/** {@link EventFd}. */
public final class EventFdRestore implements FileRestore<EventFd> {
  private static final int EFD_SEMAPHORE = 1;
  private static final int O_NONBLOCK = 04000;

  @Override
  public void plan(EventFd file, FilePlan plan) {
    int flags = (file.flags() & O_NONBLOCK) | (file.semaphore() ? EFD_SEMAPHORE : 0);
    plan.place(Phase.CREATE, plan.in(Phase.CREATE).call(Syscalls.EVENTFD2, 0, flags));
    if (file.count().value() != 0) {
      Program.Builder b = plan.in(Phase.FILL);
      b.call(Syscalls.WRITE, plan.number(), b.data(Words.of(file.count().value())), Long.BYTES);
    }
  }
}
