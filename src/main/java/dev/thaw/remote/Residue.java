package dev.thaw.remote;

import dev.thaw.linux.ProcessVm;
import dev.thaw.linux.SyscallException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Recognises a thread that is still inside the blob, or the anchor, of a driver that died. */
final class Residue {
  private static final int SLOT_MASK = Anchor.SLOT_BYTES - 1;
  private static final int TABLE_OFFSET = 8;

  private Residue() {}

  /** The blob's code and an anchor fit into a page each, and begin at a page and at a slot. */
  static boolean holds(int tid, long rip) {
    long page = rip & -Area.PAGE;
    byte[] bytes;
    try {
      bytes = ProcessVm.read(tid, page, Area.PAGE);
    } catch (SyscallException e) {
      return false; // not readable (vsyscall, execute only): neither of ours
    }
    int magic = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(TABLE_OFFSET);
    int slot = (int) (rip - page) & ~SLOT_MASK;
    return magic == BlobLayout.MAGIC || Anchor.holdsAnchor(bytes, slot);
  }
}
