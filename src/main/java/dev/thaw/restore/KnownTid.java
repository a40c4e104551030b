package dev.thaw.restore;

import dev.thaw.image.ThreadImage;
import dev.thaw.linux.ProcessVm;
import dev.thaw.linux.SyscallException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What a C library knows of its thread's id. glibc and musl have the kernel clear the very word in
 * which they keep it (set_tid_address(2)), so that is where it is found: raise(3) and mutexes read
 * it there.
 */
final class KnownTid {
  private KnownTid() {}

  /** Writes the new id where the old one stands. */
  static void update(int hostPid, ThreadImage thread, int newTid) throws SyscallException {
    long address = thread.clearChildTid().value();
    if (address == 0) {
      return;
    }
    ByteBuffer word =
        ByteBuffer.wrap(ProcessVm.read(hostPid, address, 4)).order(ByteOrder.LITTLE_ENDIAN);
    if (word.getInt(0) == thread.tid()) {
      word.putInt(0, newTid);
      ProcessVm.write(hostPid, address, word.array());
    }
  }
}
