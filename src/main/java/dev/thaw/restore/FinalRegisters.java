package dev.thaw.restore;

import dev.thaw.image.Addr;
import dev.thaw.image.ThreadImage;
import dev.thaw.remote.Reg;
import dev.thaw.remote.Registers;

/**
 * The registers with which a thread goes on after the restore.
 *
 * <p>A system call that the freeze interrupted is made again. One with a relative timeout
 * (-ERESTART_RESTARTBLOCK) starts over with the whole of it: how much was left only the old kernel
 * knew. So a restored sleep may last longer than asked for, never shorter, and returns no EINTR.
 */
final class FinalRegisters {
  private static final int SYSCALL_BYTES = 2;

  private FinalRegisters() {}

  /** General registers. */
  static Registers of(ThreadImage thread) {
    Registers stopped = Registers.of(thread.registers().stream().mapToLong(Addr::value).toArray());
    if (stopped.interruptedCall()) {
      stopped =
          stopped
              .with(Reg.RAX, stopped.get(Reg.ORIG_RAX))
              .with(Reg.RIP, stopped.get(Reg.RIP) - SYSCALL_BYTES);
    }
    return stopped.with(Reg.ORIG_RAX, -1);
  }
}
