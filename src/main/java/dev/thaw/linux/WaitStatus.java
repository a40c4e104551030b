package dev.thaw.linux;

import com.sun.jna.Pointer;
import java.util.Optional;

/**
 * What wait4(2) reports about one task: an exit, a kill, or a ptrace stop.
 *
 * @param raw the status word
 */
public record WaitStatus(int raw) {
  public static final int SIGTRAP = 5;
  public static final int EVENT_FORK = 1;
  public static final int EVENT_VFORK = 2;
  public static final int EVENT_CLONE = 3;
  public static final int EVENT_EXEC = 4;
  public static final int EVENT_STOP = 128;

  private static final int WNOHANG = 1;
  private static final int WALL = 0x40000000;
  private static final long NR_WAIT4 = 61;

  /**
   * Takes the next report of {@code tid}, a child or a tracee of the calling thread; waits for it
   * where {@code block}. Empty: there is none yet.
   */
  public static Optional<WaitStatus> of(int tid, boolean block) throws SyscallException {
    try (Scratch status = Scratch.of(4)) {
      long found;
      do {
        found =
            LibC.syscall(
                NR_WAIT4, tid, Pointer.nativeValue(status), WALL | (block ? 0 : WNOHANG), 0, 0, 0);
      } while (found < 0 && Errno.of(LibC.errno()) == Errno.EINTR);
      if (found < 0) {
        throw new SyscallException("wait4(" + tid + ", __WALL)", LibC.errno());
      }
      return found == 0 ? Optional.empty() : Optional.of(new WaitStatus(status.getInt(0)));
    }
  }

  public boolean exited() {
    return (raw & 0x7f) == 0;
  }

  public int exitCode() {
    return raw >> 8 & 0xff;
  }

  /** Killed by {@link #signal}. */
  public boolean killed() {
    return !exited() && !stopped();
  }

  public boolean stopped() {
    return (raw & 0xff) == 0x7f;
  }

  /** The signal that stopped or killed the task, bit 7 set at a stop of PTRACE_SYSCALL. */
  public int signal() {
    return stopped() ? raw >> 8 & 0xff : raw & 0x7f;
  }

  /** PTRACE_EVENT_*, or 0. */
  public int event() {
    return stopped() ? raw >>> 16 : 0;
  }

  /** Stopped by PTRACE_INTERRUPT, a group stop, or at birth; {@link #signal} tells which. */
  public boolean eventStop() {
    return event() == EVENT_STOP;
  }

  /** Entry to or return from a system call, under PTRACE_O_TRACESYSGOOD. */
  public boolean syscallStop() {
    return stopped() && event() == 0 && signal() == (SIGTRAP | 0x80);
  }

  /** A signal is about to be delivered; it is lost unless the tracee is continued with it. */
  public boolean signalStop() {
    return stopped() && event() == 0 && !syscallStop();
  }

  @Override
  public String toString() {
    if (exited()) {
      return "exited with status " + exitCode();
    }
    if (killed()) {
      return "killed by signal " + signal();
    }
    return "stopped, signal " + signal() + (event() == 0 ? "" : ", event " + event());
  }
}
