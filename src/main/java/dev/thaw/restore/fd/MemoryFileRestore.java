package dev.thaw.restore.fd;

import dev.thaw.image.SharedMemory;
import dev.thaw.image.file.MemoryFile;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;
import java.util.List;

/**
 * {@link MemoryFile}: the memfd that backs the shared memory, opened anew. Its content is complete
 * by then, so that seals can come last.
 */
public final class MemoryFileRestore implements FileRestore<MemoryFile> {
  private static final int AT_FDCWD = -100;
  private static final int O_ACCMODE = 3;
  private static final int O_RDWR = 2;
  private static final int O_PATH = 010000000;
  private static final int O_CLOEXEC = 02000000;

  /** How a name was looked up, or that there was none: it is opened by a link of /proc now. */
  private static final int OF_THE_NAME = 0400000 | 020200000; // O_NOFOLLOW | O_TMPFILE

  private static final int SEEK_SET = 0;
  private static final int F_ADD_SEALS = 1033;
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;

  @Override
  public void plan(MemoryFile file, FilePlan plan) {
    FilePlan.SharedObject memory =
        plan.object("memory " + file.object(), maker -> take(file, maker));
    plan.open(Phase.ADOPT, plan.path(memory, 0), file.flags() & ~(O_CLOEXEC | OF_THE_NAME));
    if (file.offsetBytes() != 0 && (file.flags() & O_PATH) == 0) {
      plan.in(Phase.FILL).call(Syscalls.LSEEK, plan.number(), file.offsetBytes(), SEEK_SET);
    }
  }

  /** The creator's own way to it, for reading and writing whatever the descriptors may do. */
  private static List<Integer> take(MemoryFile file, FilePlan plan) {
    SharedMemory memory = plan.memory(file.object());
    String path = plan.memoryPath(file.object());
    int number = plan.temporary();
    Program.Builder b = plan.in(Phase.CREATE);
    plan.moveTo(
        Phase.CREATE,
        path == null
            ? b.call(
                Syscalls.MEMFD_CREATE, b.cstring(memory.name()), MFD_CLOEXEC | MFD_ALLOW_SEALING)
            : b.call(Syscalls.OPENAT, AT_FDCWD, b.cstring(path), O_RDWR | O_CLOEXEC, 0),
        number);
    b = plan.in(Phase.CREATE);
    b.call(Syscalls.FCHMOD, number, memory.mode());
    if (file.seals() != 0) {
      plan.in(Phase.FINISH).call(Syscalls.FCNTL, number, F_ADD_SEALS, file.seals());
    }
    return List.of(number);
  }
}
