package dev.thaw.restore.fd;

import dev.thaw.image.file.SignalFd;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;

/** {@link SignalFd}. */
public final class SignalFdRestore implements FileRestore<SignalFd> {
  private static final int O_NONBLOCK = 04000;

  @Override
  public void plan(SignalFd file, FilePlan plan) {
    Program.Builder b = plan.in(Phase.CREATE);
    plan.place(
        Phase.CREATE,
        b.call(
            Syscalls.SIGNALFD4,
            -1,
            b.data(Words.of(file.mask().value())),
            Long.BYTES,
            file.flags() & O_NONBLOCK));
  }
}
