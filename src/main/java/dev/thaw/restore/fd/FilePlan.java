package dev.thaw.restore.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;
import java.util.List;
import java.util.function.Function;

/**
 * The plan of one open file description: which process creates it, at which number, and that
 * process's programs, phase by phase.
 */
public final class FilePlan {
  private static final int O_CLOEXEC = 02000000;
  private static final int AT_FDCWD = -100;
  private static final int F_SETFL = 4;

  /** O_APPEND, O_NONBLOCK, O_DIRECT, O_NOATIME: fcntl(2). */
  static final int SETTABLE = 02000 | 04000 | 040000 | 01000000;

  private static final int F_DUPFD_CLOEXEC = 1030;

  private final FilesPlan tree;
  private final OpenFile file;
  private final int pid;
  private final int number;
  private final boolean closeOnExec;

  FilePlan(FilesPlan tree, OpenFile file, int pid, int number, boolean closeOnExec) {
    this.tree = tree;
    this.file = file;
    this.pid = pid;
    this.number = number;
    this.closeOnExec = closeOnExec;
  }

  /** The process that creates the description. */
  public int pid() {
    return pid;
  }

  /** The creator's descriptor: from the end of CREATE (or ADOPT, for ends) it is there. */
  public int number() {
    return number;
  }

  /** All open files of the tree. */
  public List<OpenFile> files() {
    return tree.files();
  }

  /**
   * The creator's program of {@code phase}. Every operation that is added next is noted as
   * belonging to this description.
   */
  public Program.Builder in(Phase phase) {
    Program.Builder b = tree.program(pid, phase);
    b.note("fd " + number + ": " + file.describe());
    return b;
  }

  /** The same description as process {@code otherPid} sees it; this, if that is not in the tree. */
  FilePlan by(int otherPid) {
    return tree.hasProcess(otherPid)
        ? new FilePlan(tree, file, otherPid, number, closeOnExec)
        : this;
  }

  /** Moves a descriptor that a call of {@code phase} returned to {@link #number()}. */
  public void place(Phase phase, Object descriptor) {
    move(in(phase), descriptor, number, closeOnExec);
  }

  /**
   * The program of {@code phase} of another process than the creator, one that has this description
   * too.
   */
  Program.Builder in(Phase phase, int otherPid) {
    Program.Builder b = tree.program(otherPid, phase);
    b.note("fd " + tree.numberIn(otherPid, file.id()) + ": " + file.describe());
    return b;
  }

  /** The number of this description in {@code otherPid}, or -1. */
  int numberIn(int otherPid) {
    return tree.numberIn(otherPid, file.id());
  }

  /** The creator as the image describes it. */
  ProcessImage process() {
    return tree.process(pid);
  }

  /** A path that opens shared memory {@code object} anew, or null if it is empty. */
  String memoryPath(int object) {
    return tree.memoryPath(object);
  }

  /** Shared memory {@code object}. */
  SharedMemory memory(int object) {
    return tree.memory(object);
  }

  /** Opens {@code path} as this description. */
  void open(Phase phase, String path, int flags) {
    Program.Builder b = in(phase);
    place(phase, b.call(Syscalls.OPENAT, AT_FDCWD, b.cstring(path), flags, 0));
  }

  /** A path by which any process of the tree reaches end {@code end} of {@code object}. */
  String path(SharedObject object, int end) {
    String owner = object.pid() == pid ? "self" : Integer.toString(object.pid());
    return "/proc/" + owner + "/fd/" + object.ends().get(end);
  }

  /** Sets what F_SETFL can set of {@code flags}, when everything else is done. */
  void setStatusFlags(int flags) {
    in(Phase.FINISH).call(Syscalls.FCNTL, number, F_SETFL, flags & SETTABLE);
  }

  /** A number of the creator that no description uses, kept over all phases; close it in FINISH. */
  public int temporary() {
    return tree.temporary(pid);
  }

  /** Moves {@code descriptor} to {@code target}, whatever number it has now. */
  public void moveTo(Phase phase, Object descriptor, int target) {
    move(in(phase), descriptor, target, true);
  }

  /**
   * A kernel object that several descriptions refer to, such as a pipe: made once, in CREATE, by
   * the process of the description that asks first.
   *
   * @param key names the object in the checkpoint, e.g. {@code "pipe 4711"}
   * @param maker adds the making calls and returns the temporary numbers of the ends; they are
   *     closed in FINISH
   */
  public SharedObject object(String key, Function<FilePlan, List<Integer>> maker) {
    return tree.object(key, this, Phase.FINISH, maker);
  }

  /** The same, with the ends closed in {@code closed}. */
  SharedObject object(String key, Phase closed, Function<FilePlan, List<Integer>> maker) {
    return tree.object(key, this, closed, maker);
  }

  /** Takes end 0 of {@code object} in {@code phase}; the caller closes the result. */
  Object borrow(Phase phase, SharedObject object) {
    Program.Builder b = in(phase);
    if (object.pid() == pid) {
      return b.call(Syscalls.FCNTL, object.ends().get(0), F_DUPFD_CLOEXEC, 0);
    }
    Program.Arg process = b.call(Syscalls.PIDFD_OPEN, object.pid(), 0);
    Program.Arg taken = b.call(Syscalls.PIDFD_GETFD, process, object.ends().get(0), 0);
    b.call(Syscalls.CLOSE, process);
    return taken;
  }

  /**
   * An object with several ends.
   *
   * @param pid the process that made it
   * @param ends temporary numbers in that process
   * @param first whether this description is the one that made it
   */
  public record SharedObject(int pid, List<Integer> ends, boolean first) {}

  /** Takes end {@code end} of {@code object} as this description, in ADOPT. */
  public void adopt(SharedObject object, int end) {
    Program.Builder b = in(Phase.ADOPT);
    int from = object.ends().get(end);
    if (object.pid() == pid) {
      b.call(Syscalls.DUP3, from, number, closeOnExec ? O_CLOEXEC : 0);
    } else {
      take(b, object.pid(), from, number, closeOnExec);
    }
  }

  /** The number of {@code file} in the creator of this description, or -1 if it has none there. */
  public int numberHere(OpenFile other) {
    return tree.numberIn(pid, other.id());
  }

  static void take(Program.Builder b, int fromPid, int from, int to, boolean closeOnExec) {
    Program.Arg process = b.call(Syscalls.PIDFD_OPEN, fromPid, 0);
    Program.Arg taken = b.call(Syscalls.PIDFD_GETFD, process, from, 0);
    b.call(Syscalls.CLOSE, process);
    // The taken number may be the wanted one already, which dup3 refuses: go by a high number.
    move(b, taken, to, closeOnExec);
  }

  private static void move(Program.Builder b, Object descriptor, int to, boolean closeOnExec) {
    Program.Arg high =
        b.call(Syscalls.FCNTL, descriptor, F_DUPFD_CLOEXEC, FilesPlan.highNumber(to));
    b.call(Syscalls.CLOSE, descriptor);
    b.call(Syscalls.DUP3, high, to, closeOnExec ? O_CLOEXEC : 0);
    b.call(Syscalls.CLOSE, high);
  }
}
