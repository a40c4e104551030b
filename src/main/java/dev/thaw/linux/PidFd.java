package dev.thaw.linux;

import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A pidfd: names one process (or thread) for good, whatever becomes of its number. */
public final class PidFd extends Fd {
  private static final long NR_PIDFD_OPEN = 434;
  private static final long NR_PIDFD_GETFD = 438;
  private static final long NR_PIDFD_SEND_SIGNAL = 424;
  private static final long NR_POLL = 7;
  private static final int POLLIN = 1;
  private static final int PIDFD_THREAD = 0200; // O_EXCL, Linux 6.9

  private PidFd(int number) {
    super(number);
  }

  /** A thread group, by its leader's pid. */
  public static PidFd open(int pid) throws SyscallException {
    return open(pid, 0);
  }

  /** A single thread. */
  public static PidFd openThread(int tid) throws SyscallException {
    return open(tid, PIDFD_THREAD);
  }

  /**
   * The process of {@code tid} where it is a leader's, else the thread: only that way can any
   * thread be named on kernels that have PIDFD_THREAD (6.9), and leaders on all.
   */
  public static PidFd openTask(int tid) throws SyscallException {
    try {
      return open(tid);
    } catch (SyscallException e) {
      return openThread(tid);
    }
  }

  private static PidFd open(int id, int flags) throws SyscallException {
    long fd = LibC.syscall(NR_PIDFD_OPEN, id, flags, 0, 0, 0, 0);
    if (fd < 0) {
      throw new SyscallException("pidfd_open(" + id + ", " + flags + ")", LibC.errno());
    }
    return new PidFd((int) fd);
  }

  /** Takes ownership of a descriptor that is one. */
  public static PidFd of(Fd fd) {
    return new PidFd(fd.release());
  }

  /**
   * The process's number in this pid namespace.
   *
   * @throws IOException where it has none here, or has been reaped
   */
  public int pid() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/fdinfo/" + number()))) {
      if (line.startsWith("Pid:")) {
        int pid = Integer.parseInt(line.substring(4).strip());
        if (pid > 0) {
          return pid;
        }
      }
    }
    throw new IOException("a process of another pid namespace than ours, or one that is gone");
  }

  /** Whether the process has ended, reaped or not. Does not wait. */
  public boolean hasEnded() {
    try (Scratch poll = Scratch.of(8)) {
      poll.setInt(0, number());
      poll.setInt(4, POLLIN);
      return LibC.syscall(NR_POLL, Pointer.nativeValue(poll), 1, 0, 0, 0, 0) > 0;
    }
  }

  /** A descriptor for the open file description behind descriptor {@code fd} of that process. */
  public Fd take(int fd) throws SyscallException {
    long own = LibC.syscall(NR_PIDFD_GETFD, number(), fd, 0, 0, 0, 0);
    if (own < 0) {
      throw new SyscallException("pidfd_getfd(" + number() + ", " + fd + ")", LibC.errno());
    }
    return new Fd((int) own);
  }

  public void send(int signal) throws SyscallException {
    if (LibC.syscall(NR_PIDFD_SEND_SIGNAL, number(), signal, 0, 0, 0, 0) < 0) {
      throw new SyscallException(
          "pidfd_send_signal(" + number() + ", " + signal + ")", LibC.errno());
    }
  }
}
