package dev.thaw.restore.fd;

import dev.thaw.image.file.Inotify;
import dev.thaw.image.file.Inotify.Watch;
import dev.thaw.remote.Program;
import dev.thaw.remote.Program.Success;
import dev.thaw.remote.Syscalls;

/**
 * {@link Inotify}: the kernel counts watch descriptors up, so those in between are made and
 * removed; what that queues is read away.
 */
public final class InotifyRestore implements FileRestore<Inotify> {
  private static final int O_NONBLOCK = 04000;

  /** IN_DELETE_SELF: an event that making the other watches cannot cause. */
  private static final int PLACEHOLDER_MASK = 0x400;

  private static final int EVENTS_BYTES = 4096;
  private static final int EVENT_BYTES = 16;
  private static final int REMOVALS_PER_READ = EVENTS_BYTES / EVENT_BYTES;

  @Override
  public void plan(Inotify file, FilePlan plan) {
    Program.Builder b = plan.in(Phase.CREATE);
    plan.place(Phase.CREATE, b.call(Syscalls.INOTIFY_INIT1, O_NONBLOCK));
    Program.Data events = b.zeroed(EVENTS_BYTES);
    int next = 1;
    for (Watch watch : file.watches()) {
      b = plan.in(Phase.CREATE);
      Program.Data path = b.cstring(watch.path());
      for (; next < watch.descriptor(); next++) {
        b.callOk(
            Success.exactly(next),
            Syscalls.INOTIFY_ADD_WATCH,
            plan.number(),
            path,
            PLACEHOLDER_MASK);
        b.call(Syscalls.INOTIFY_RM_WATCH, plan.number(), next);
        if (next % REMOVALS_PER_READ == 0) {
          b.call(Syscalls.READ, plan.number(), events, EVENTS_BYTES);
        }
      }
      b.callOk(
          Success.exactly(next), Syscalls.INOTIFY_ADD_WATCH, plan.number(), path, watch.mask());
      next++;
    }
    b.callOk(Success.any(), Syscalls.READ, plan.number(), events, EVENTS_BYTES);
    plan.setStatusFlags(file.flags());
  }
}
