package dev.thaw.restore;

import dev.thaw.image.ThreadImage;
import dev.thaw.linux.ProcessVm;
import dev.thaw.linux.SyscallException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Has the pages installed that the kernel touches when a thread exits: the list of robust futexes
 * and the word that set_tid_address(2) names. An exiting task does not wait for a pager:
 * handle_userfault() (fs/userfaultfd.c, Linux 6.18) fails the access, and a robust mutex would stay
 * locked for ever.
 */
final class ExitPages {
  /** ROBUST_LIST_LIMIT of linux/futex.h: the kernel follows no more. */
  private static final int LIMIT = 2048;

  private static final long PI_BIT = 1;

  private ExitPages() {}

  /** Reads them through the pager, which serves already. */
  static void install(int pid, ThreadImage thread) {
    if (thread.clearChildTid().value() != 0) {
      read(pid, thread.clearChildTid().value(), 4);
    }
    long head = thread.robustList().value();
    if (head == 0) {
      return;
    }
    ByteBuffer list = read(pid, head, 24);
    if (list == null) {
      return;
    }
    long offset = list.getLong(8);
    long pending = list.getLong(16) & ~PI_BIT;
    if (pending != 0) {
      read(pid, pending + offset, 4);
    }
    long node = list.getLong(0) & ~PI_BIT;
    for (int i = 0; i < LIMIT && node != head && node != 0; i++) {
      read(pid, node + offset, 4);
      ByteBuffer entry = read(pid, node, 8);
      if (entry == null) {
        return;
      }
      node = entry.getLong(0) & ~PI_BIT;
    }
  }

  /** Null where there is no memory: the kernel would stop there, too. */
  private static ByteBuffer read(int pid, long address, int bytes) {
    try {
      return ByteBuffer.wrap(ProcessVm.read(pid, address, bytes)).order(ByteOrder.LITTLE_ENDIAN);
    } catch (SyscallException e) {
      return null;
    }
  }
}
