package dev.thaw.dump;

import dev.thaw.image.Addr;
import dev.thaw.image.Credentials;
import dev.thaw.proc.ProcStatus;
import java.util.List;

/** The credentials of a thread, from /proc/PID/task/TID/status. */
final class CredentialsDump {
  private CredentialsDump() {}

  /**
   * Reads them.
   *
   * @param securebits which only the thread itself can tell
   */
  static Credentials of(ProcStatus status, int securebits) {
    List<Integer> uids = status.numbers("Uid");
    List<Integer> gids = status.numbers("Gid");
    return new Credentials(
        uids.get(0),
        uids.get(1),
        uids.get(2),
        uids.get(3),
        gids.get(0),
        gids.get(1),
        gids.get(2),
        gids.get(3),
        status.numbers("Groups"),
        Addr.of(status.mask("CapInh")),
        Addr.of(status.mask("CapPrm")),
        Addr.of(status.mask("CapEff")),
        Addr.of(status.mask("CapBnd")),
        Addr.of(status.mask("CapAmb")),
        securebits);
  }
}
