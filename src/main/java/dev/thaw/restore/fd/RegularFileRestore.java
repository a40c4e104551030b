package dev.thaw.restore.fd;

import dev.thaw.image.file.RegularFile;
import dev.thaw.remote.Syscalls;

/** {@link RegularFile}: opened again by name and positioned. */
public final class RegularFileRestore implements FileRestore<RegularFile> {
  private static final int AT_FDCWD = -100;
  private static final int O_PATH = 010000000;
  private static final int SEEK_SET = 0;

  @Override
  public void plan(RegularFile file, FilePlan plan) {
    var b = plan.in(Phase.CREATE);
    plan.place(
        Phase.CREATE,
        b.call(Syscalls.OPENAT, AT_FDCWD, b.cstring(file.file().path()), file.flags(), 0));
    if (file.offsetBytes() != 0 && (file.flags() & O_PATH) == 0) {
      plan.in(Phase.FILL).call(Syscalls.LSEEK, plan.number(), file.offsetBytes(), SEEK_SET);
    }
  }
}
