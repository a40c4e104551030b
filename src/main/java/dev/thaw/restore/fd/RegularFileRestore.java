package dev.thaw.restore.fd;

import dev.thaw.image.FileLock;
import dev.thaw.image.file.RegularFile;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;

/**
 * {@link RegularFile}: opened again by name and positioned. Locks come last: where somebody else
 * holds one by now, the restore fails.
 */
public final class RegularFileRestore implements FileRestore<RegularFile> {
  private static final int AT_FDCWD = -100;
  private static final int O_PATH = 010000000;
  private static final int SEEK_SET = 0;

  private static final int LOCK_SH = 1;
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  private static final int F_SETLK = 6;
  private static final int F_OFD_SETLK = 37;
  private static final int F_RDLCK = 0;
  private static final int F_WRLCK = 1;

  @Override
  public void plan(RegularFile file, FilePlan plan) {
    var b = plan.in(Phase.CREATE);
    plan.place(
        Phase.CREATE,
        b.call(Syscalls.OPENAT, AT_FDCWD, b.cstring(file.file().path()), file.flags(), 0));
    if (file.offsetBytes() != 0 && (file.flags() & O_PATH) == 0) {
      plan.in(Phase.FILL).call(Syscalls.LSEEK, plan.number(), file.offsetBytes(), SEEK_SET);
    }
    file.locks().forEach(lock -> lock(lock, plan));
  }

  private static void lock(FileLock lock, FilePlan plan) {
    if (lock.kind() == FileLock.Kind.FLOCK) {
      int how = (lock.write() ? LOCK_EX : LOCK_SH) | LOCK_NB;
      plan.in(Phase.FINISH).call(Syscalls.FLOCK, plan.number(), how);
      return;
    }
    boolean posix = lock.kind() == FileLock.Kind.POSIX;
    int pid = posix ? lock.pid() : plan.pid();
    Program.Builder b = plan.in(Phase.FINISH, pid);
    long typeAndWhence = (lock.write() ? F_WRLCK : F_RDLCK) | (long) SEEK_SET << 16;
    byte[] flock = Words.of(typeAndWhence, lock.start(), lock.lengthBytes(), 0);
    b.call(Syscalls.FCNTL, plan.numberIn(pid), posix ? F_SETLK : F_OFD_SETLK, b.data(flock));
  }
}
