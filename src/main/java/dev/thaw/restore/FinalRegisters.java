package dev.thaw.restore;

import dev.thaw.image.Addr;
import dev.thaw.image.ThreadImage;
import dev.thaw.remote.InterruptedCall;
import dev.thaw.remote.Registers;
import java.util.Arrays;

/** The registers with which a thread goes on after the restore. */
final class FinalRegisters {
  private FinalRegisters() {}

  /** General registers; an interrupted system call is made again, or returns as it would have. */
  static Registers of(ThreadImage thread) {
    long[] words = thread.registers().stream().mapToLong(Addr::value).toArray();
    boolean signalDue =
        thread.pending().stream()
            .anyMatch(s -> (thread.blocked().value() >>> (s.signal() - 1) & 1) == 0);
    return InterruptedCall.afterRestore(Registers.of(words), signalDue);
  }

  /** The NT_X86_XSTATE note in its full size. */
  static byte[] xstate(ThreadImage thread, int bytes) {
    return Arrays.copyOf(thread.xstate(), bytes);
  }
}
