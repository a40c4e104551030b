package dev.thaw.dump.fd;

import dev.thaw.dump.ProcDir;
import dev.thaw.image.SignalOwner;
import dev.thaw.linux.Fcntl;
import dev.thaw.linux.Fd;
import dev.thaw.proc.ProcStat;
import java.io.IOException;
import java.util.Optional;

/** Asks who gets SIGIO for an open file. Any kind of file can have such an owner. */
final class SignalOwnerDump {
  private static final int O_ASYNC = 020000;
  private static final int O_PATH = 010000000;

  private SignalOwnerDump() {}

  /** Nothing where nobody does, as with almost every file. */
  static Optional<SignalOwner> of(OpenedFiles.Entry entry, OpenedFiles tree) throws IOException {
    OpenedFile file = entry.file();
    if ((file.flags() & O_PATH) != 0) {
      return Optional.empty();
    }
    boolean enabled = (file.flags() & O_ASYNC) != 0;
    try (Fd own = file.take()) {
      Fcntl.Owner owner = Fcntl.owner(own);
      int signal = Fcntl.signal(own);
      if (owner.id() == 0 && signal == 0 && !enabled) {
        return Optional.empty();
      }
      requireInside(file, owner, tree);
      int[] uids = Fcntl.ownerUids(own);
      return Optional.of(
          new SignalOwner(entry.id(), owner.type(), owner.id(), signal, uids[0], uids[1], enabled));
    }
  }

  /** It must be there when descriptors come back: threads come later than processes. */
  private static void requireInside(OpenedFile file, Fcntl.Owner owner, OpenedFiles tree)
      throws IOException {
    if (owner.id() == 0 || tree.hasProcess(owner.id()) && owner.type() != SignalOwner.PGRP) {
      return;
    }
    if (owner.type() == SignalOwner.PGRP) {
      for (int pid : tree.processes()) {
        ProcStat stat = new ProcDir(pid).stat();
        if (stat.pgid() == owner.id() && tree.hasProcess(owner.id())) {
          return;
        }
      }
    }
    String what =
        switch (owner.type()) {
          case SignalOwner.TID -> "thread ";
          case SignalOwner.PGRP -> "process group ";
          default -> "process ";
        };
    throw file.unsupported(
        "its signals go to "
            + what
            + owner.id()
            + " (F_SETOWN), which is not the main thread of a process of the tree; set another owner");
  }
}
