package dev.thaw.remote;

import java.util.Map;

/**
 * How a thread goes on that was stopped inside a system call.
 *
 * <pre>
 * rax at the stop                 goes on
 * -ERESTARTSYS, NOINTR, NOHAND    the call is made again
 * -ERESTART_RESTARTBLOCK          the call is made again, with its whole relative timeout: the time that
 *                                 was left is known to the old kernel only
 * -EINTR of epoll_wait and such   made again if its timeout was infinite and no signal is due
 * anything else                   returns it
 * </pre>
 *
 * <p>A ptrace stop makes the calls of the third line return EINTR as a signal would (signal(7)),
 * though no handler ran.
 */
public final class InterruptedCall {
  private static final long EINTR = 4;
  private static final int SYSCALL_BYTES = 2;

  /** Calls that a stop ends with EINTR, and the argument that is -1 or NULL where they never time out. */
  private static final Map<Long, Endless> NOT_RESTARTED =
      Map.of(
          Syscalls.EPOLL_WAIT, new Endless(Reg.R10, true),
          Syscalls.EPOLL_PWAIT, new Endless(Reg.R10, true),
          Syscalls.EPOLL_PWAIT2, new Endless(Reg.R10, false),
          Syscalls.RT_SIGTIMEDWAIT, new Endless(Reg.RDX, false),
          Syscalls.SEMTIMEDOP, new Endless(Reg.R10, false),
          Syscalls.IO_GETEVENTS, new Endless(Reg.R8, false));

  /** @param minusOne the endless timeout is an int of -1, else a null pointer */
  private record Endless(Reg argument, boolean minusOne) {
    boolean in(Registers registers) {
      long value = registers.get(argument);
      return minusOne ? (int) value < 0 : value == 0;
    }
  }

  private InterruptedCall() {}

  /**
   * Registers that let the thread go on in a new process, where no restart block is left.
   *
   * @param signalDue a signal is pending that the thread does not block
   */
  public static Registers afterRestore(Registers stopped, boolean signalDue) {
    Registers again = restartable(stopped, signalDue) ? repeated(stopped) : stopped;
    return again.with(Reg.ORIG_RAX, -1);
  }

  /**
   * Registers that let a thread go on in its old process: as it was, but for a call that only the
   * stop ended.
   *
   * @param signalDue a signal is pending that the thread does not block
   */
  public static Registers afterThaw(Registers stopped, boolean signalDue) {
    return endedByStop(stopped, signalDue) ? repeated(stopped).with(Reg.ORIG_RAX, -1) : stopped;
  }

  private static boolean restartable(Registers stopped, boolean signalDue) {
    return stopped.interruptedCall() || endedByStop(stopped, signalDue);
  }

  private static boolean endedByStop(Registers stopped, boolean signalDue) {
    long nr = stopped.get(Reg.ORIG_RAX);
    if (signalDue || stopped.get(Reg.RAX) != -EINTR || nr < 0) {
      return false;
    }
    if (nr == Syscalls.SEMOP) {
      return true;
    }
    Endless endless = NOT_RESTARTED.get(nr);
    return endless != null && endless.in(stopped);
  }

  private static Registers repeated(Registers stopped) {
    return stopped
        .with(Reg.RAX, stopped.get(Reg.ORIG_RAX))
        .with(Reg.RIP, stopped.get(Reg.RIP) - SYSCALL_BYTES);
  }
}
