package dev.thaw.restore.fd;

import dev.thaw.image.file.CharDevice;
import dev.thaw.remote.Syscalls;

/** {@link CharDevice}: opened again. */
public final class CharDeviceRestore implements FileRestore<CharDevice> {
  private static final int AT_FDCWD = -100;

  @Override
  public void plan(CharDevice file, FilePlan plan) {
    var b = plan.in(Phase.CREATE);
    plan.place(
        Phase.CREATE, b.call(Syscalls.OPENAT, AT_FDCWD, b.cstring(file.path()), file.flags(), 0));
  }
}
