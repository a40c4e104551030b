package dev.thaw.restore.fd;

import dev.thaw.image.file.UnixSocket.PeerCredentials;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;

/**
 * SO_PEERCRED is who calls socketpair(2), connect(2) or listen(2): the effective ids of that
 * moment. A process of the tree still has all rights when its descriptors come back, so it takes
 * the ids for the one call.
 */
final class UnixCredentials {
  private static final int KEEP = -1;

  private UnixCredentials() {}

  /** Adds what {@code calls} adds, done with these ids. */
  static void as(Program.Builder b, PeerCredentials who, Runnable calls) {
    boolean changed = who.present() && (who.uid() != 0 || who.gid() != 0);
    if (!changed) {
      calls.run();
      return;
    }
    b.call(Syscalls.SETRESGID, KEEP, who.gid(), KEEP);
    b.call(Syscalls.SETRESUID, KEEP, who.uid(), KEEP);
    calls.run();
    b.call(Syscalls.SETRESUID, KEEP, 0, KEEP);
    b.call(Syscalls.SETRESGID, KEEP, 0, KEEP);
  }
}
