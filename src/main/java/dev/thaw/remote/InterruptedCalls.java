package dev.thaw.remote;

/**
 * System calls that end with EINTR at every stop, although no signal came: signal(7), "Interruption
 * of system calls by stop signals". Where they wait without a limit they can be made again, and the
 * program never knows. With a limit they can not: the time that is left is known to nobody.
 */
final class InterruptedCalls {
  private static final long EINTR = 4;

  private InterruptedCalls() {}

  /** Whether {@code registers} are those of such a call without a time limit. */
  static boolean canBeMadeAgain(Registers registers) {
    if (registers.get(Reg.RAX) != -EINTR) {
      return false;
    }
    long nr = registers.get(Reg.ORIG_RAX);
    if (nr == Syscalls.EPOLL_WAIT || nr == Syscalls.EPOLL_PWAIT) {
      return (int) registers.get(Reg.R10) == -1;
    }
    if (nr == Syscalls.EPOLL_PWAIT2 || nr == Syscalls.SEMTIMEDOP) {
      return registers.get(Reg.R10) == 0;
    }
    if (nr == Syscalls.RT_SIGTIMEDWAIT) {
      return registers.get(Reg.RDX) == 0;
    }
    if (nr == Syscalls.IO_GETEVENTS || nr == Syscalls.IO_PGETEVENTS) {
      return registers.get(Reg.R8) == 0;
    }
    return nr == Syscalls.SEMOP;
  }

  /** Back at the {@code syscall} instruction. */
  static Registers madeAgain(Registers registers) {
    return registers
        .with(Reg.RAX, registers.get(Reg.ORIG_RAX))
        .with(Reg.RIP, registers.get(Reg.RIP) - 2)
        .with(Reg.ORIG_RAX, -1);
  }
}
