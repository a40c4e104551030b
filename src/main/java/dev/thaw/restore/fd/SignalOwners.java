package dev.thaw.restore.fd;

import dev.thaw.image.SignalOwner;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;

/**
 * Sets who gets SIGIO for a file, when nothing of the restore can raise it any more. The kernel
 * notes the user ids of who sets it (f_setown() in fs/fcntl.c): they are taken for the one call.
 */
final class SignalOwners {
  private static final int F_SETFL = 4;
  private static final int F_SETSIG = 10;
  private static final int F_SETOWN_EX = 15;
  private static final int O_ASYNC = 020000;
  private static final int KEEP = -1;

  private SignalOwners() {}

  /** Adds the calls. */
  static void set(SignalOwner owner, int flags, FilePlan plan) {
    Program.Builder b = plan.in(Phase.ARM);
    if (owner.owner() != 0) {
      Program.Data target = b.data(Words.ints(owner.type(), owner.owner()));
      boolean others = owner.uid() != 0 || owner.euid() != 0;
      if (others) {
        b.call(Syscalls.SETRESUID, owner.uid(), owner.euid(), KEEP);
      }
      b.call(Syscalls.FCNTL, plan.number(), F_SETOWN_EX, target);
      if (others) {
        b.call(Syscalls.SETRESUID, 0, 0, KEEP);
      }
    }
    if (owner.signal() != 0) {
      b.call(Syscalls.FCNTL, plan.number(), F_SETSIG, owner.signal());
    }
    if (owner.enabled()) {
      int others = flags & FilePlan.SETTABLE;
      b.call(Syscalls.FCNTL, plan.number(), F_SETFL, others);
      b.call(Syscalls.FCNTL, plan.number(), F_SETFL, others | O_ASYNC);
    }
  }
}
