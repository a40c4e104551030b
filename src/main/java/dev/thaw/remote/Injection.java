package dev.thaw.remote;

import java.time.Duration;

/** Makes single system calls in a stopped thread by its registers, before and after the blob. */
final class Injection {
  /** An injected call is a matter of microseconds; a stalled machine may take seconds. */
  static final Duration LIMIT = Duration.ofSeconds(10);

  private static final long CLEAN_EFLAGS = 0x202;
  private static final int MAX_ERRNO = 4095;

  private Injection() {}

  /** Registers with which a thread begins at {@code rip}; no call of it is restarted. */
  static Registers startAt(Registers base, long rip) {
    return base.with(Reg.RIP, rip)
        .with(Reg.EFLAGS, CLEAN_EFLAGS)
        .with(Reg.ORIG_RAX, -1)
        .with(Reg.RAX, 0);
  }

  static Registers withCall(Registers base, long nr, long... args) {
    Reg[] places = {Reg.RDI, Reg.RSI, Reg.RDX, Reg.R10, Reg.R8, Reg.R9};
    Registers registers = base.with(Reg.RAX, nr);
    for (int i = 0; i < places.length; i++) {
      registers = registers.with(places[i], i < args.length ? args[i] : 0);
    }
    return registers;
  }

  /**
   * Sets the registers, which point at a {@code syscall} instruction, and runs that one call. The
   * thread is left at the return from it.
   *
   * @return what the call returned, -errno on failure
   */
  static long call(Tracee thread, Registers registers) throws RemoteException {
    thread.setRegisters(registers);
    return finish(thread);
  }

  /** Runs the call that the registers are set for. */
  static long finish(Tracee thread) throws RemoteException {
    thread.runToSyscallStop(LIMIT);
    KillPoint.reach("call-entered");
    thread.runToSyscallStop(LIMIT);
    return thread.registers().get(Reg.RAX);
  }

  /** Runs the thread until it enters system call {@code nr}. */
  static void runToCall(Tracee thread, long nr) throws RemoteException {
    Registers registers;
    do {
      thread.runToSyscallStop(LIMIT);
      registers = thread.registers();
    } while (registers.get(Reg.ORIG_RAX) != nr);
  }

  static boolean failed(long result) {
    return result < 0 && result >= -MAX_ERRNO;
  }
}
