package dev.thaw.restore.fd;

import dev.thaw.image.file.Pipe;
import dev.thaw.remote.Program;
import dev.thaw.remote.Program.Success;
import dev.thaw.remote.Syscalls;
import java.util.List;

/**
 * {@link Pipe}: made whole, with both ends, by the first process that has one. A description that
 * open(2) had made (a FIFO's, or one of /proc/self/fd) is opened again; others take an end.
 */
public final class PipeRestore implements FileRestore<Pipe> {
  private static final int AT_FDCWD = -100;
  private static final int O_ACCMODE = 3;
  private static final int O_WRONLY = 1;
  private static final int O_RDWR = 2;
  private static final int O_NONBLOCK = 04000;
  private static final int O_DIRECT = 040000;
  private static final int O_CLOEXEC = 02000000;

  /** open(2) sets it in every description, pipe(2) in none. */
  private static final int O_LARGEFILE = 0100000;

  private static final int F_SETFL = 4;
  private static final int F_SETPIPE_SZ = 1031;
  private static final int DEFAULT_CAPACITY = 65536;
  private static final int READ_END = 0;
  private static final int WRITE_END = 1;

  @Override
  public void plan(Pipe file, FilePlan plan) {
    boolean named = !file.path().isEmpty();
    FilePlan.SharedObject pipe =
        plan.object("pipe " + file.pipe(), maker -> named ? fifo(file, maker) : pipe(file, maker));
    int write = named ? READ_END : WRITE_END;
    int mode = file.flags() & O_ACCMODE;
    if (named || (file.flags() & O_LARGEFILE) != 0 || mode == O_RDWR) {
      plan.open(Phase.ADOPT, plan.path(pipe, READ_END), mode | O_NONBLOCK);
    } else {
      plan.adopt(pipe, mode == O_WRONLY ? write : READ_END);
    }
    if (!file.content().isEmpty()) {
      fill(file, plan.path(pipe, write), plan);
    }
    plan.setStatusFlags(file.flags());
  }

  private static List<Integer> pipe(Pipe file, FilePlan plan) {
    Program.Builder b = plan.in(Phase.CREATE);
    Program.Data ends = b.zeroed(8);
    b.call(Syscalls.PIPE2, ends, O_NONBLOCK | O_CLOEXEC);
    int read = plan.temporary();
    int write = plan.temporary();
    plan.moveTo(Phase.CREATE, ends.word32(0), read);
    plan.moveTo(Phase.CREATE, ends.word32(4), write);
    resize(file, plan, write);
    return List.of(read, write);
  }

  /** Open for reading and writing, so that no later open waits for the other side. */
  private static List<Integer> fifo(Pipe file, FilePlan plan) {
    Program.Builder b = plan.in(Phase.CREATE);
    int both = plan.temporary();
    plan.moveTo(
        Phase.CREATE,
        b.call(
            Syscalls.OPENAT, AT_FDCWD, b.cstring(file.path()), O_RDWR | O_NONBLOCK | O_CLOEXEC, 0),
        both);
    resize(file, plan, both);
    return List.of(both);
  }

  private static void resize(Pipe file, FilePlan plan, int end) {
    if (file.capacityBytes() != DEFAULT_CAPACITY) {
      plan.in(Phase.CREATE)
          .callOk(
              Success.exactly(file.capacityBytes()),
              Syscalls.FCNTL,
              end,
              F_SETPIPE_SZ,
              file.capacityBytes());
    }
  }

  /** Through a description of its own, which need not keep packets apart for anyone else. */
  private static void fill(Pipe file, String writeEnd, FilePlan plan) {
    Program.Builder b = plan.in(Phase.FILL);
    Program.Result fd =
        b.call(
            Syscalls.OPENAT, AT_FDCWD, b.cstring(writeEnd), O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0);
    if (file.content().size() > 1) {
      b.call(Syscalls.FCNTL, fd, F_SETFL, O_NONBLOCK | O_DIRECT);
    }
    for (byte[] piece : file.content()) {
      b.callOk(Success.exactly(piece.length), Syscalls.WRITE, fd, b.data(piece), piece.length);
    }
    b.call(Syscalls.CLOSE, fd);
  }
}
