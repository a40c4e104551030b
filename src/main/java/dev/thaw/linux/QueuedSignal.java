package dev.thaw.linux;

import com.sun.jna.Pointer;

/** rt_sigqueueinfo(2): a signal with a value. */
public final class QueuedSignal {
  private static final long NR_RT_SIGQUEUEINFO = 129;
  private static final int SI_QUEUE = -1;
  private static final int SIGINFO_BYTES = 128;
  private static final int VALUE_AT = 24;

  private QueuedSignal() {}

  /** Sends it, as {@code sigqueue(pid, signal, value)} does. */
  public static void send(int pid, int signal, int value) throws SyscallException {
    try (Scratch info = Scratch.of(SIGINFO_BYTES)) {
      info.clear();
      info.setInt(0, signal);
      info.setInt(8, SI_QUEUE);
      info.setInt(16, (int) ProcessHandle.current().pid());
      info.setInt(20, ThisProcess.user());
      info.setLong(VALUE_AT, value);
      if (LibC.syscall(NR_RT_SIGQUEUEINFO, pid, signal, Pointer.nativeValue(info), 0, 0, 0) < 0) {
        throw new SyscallException("rt_sigqueueinfo(" + pid + ", " + signal + ")", LibC.errno());
      }
    }
  }
}
