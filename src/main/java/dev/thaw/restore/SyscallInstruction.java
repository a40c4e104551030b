package dev.thaw.restore;

import dev.thaw.linux.ProcessVm;
import java.io.IOException;
import java.util.Optional;

/** Finds a {@code syscall} instruction ({@code 0f 05}) in executable memory. */
final class SyscallInstruction {
  private static final int CHUNK = 1 << 16;

  private SyscallInstruction() {}

  /** Its address in {@code [start, end)} of {@code pid}, if there is one in readable memory. */
  static Optional<Long> in(int pid, long start, long end) throws IOException {
    for (long at = start; at < end; at += CHUNK) {
      byte[] code = ProcessVm.read(pid, at, (int) Math.min(CHUNK, end - at));
      for (int i = 0; i + 1 < code.length; i++) {
        if (code[i] == 0x0f && code[i + 1] == 0x05) {
          return Optional.of(at + i);
        }
      }
    }
    return Optional.empty();
  }
}
