package dev.thaw.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Runs of pages to be installed through a userfaultfd that has no reader yet: {@code
 * native/pager/prefault.c}. A single native call for all of them, which takes no memory of this JVM
 * that is registered. Not thread safe.
 */
public final class PrefaultRuns {
  /** Bytes of {@code struct thaw_prefault}. */
  public static final int RUN_BYTES = 40;

  static {
    Native.register(PrefaultRuns.class, ThawLibrary.load());
  }

  private ByteBuffer runs =
      ByteBuffer.allocateDirect(64 * RUN_BYTES).order(ByteOrder.nativeOrder());

  /**
   * Adds a run.
   *
   * @param address in the address space of the userfaultfd
   * @param index of the first page's byte in the space table
   * @param filePage of the memfd
   * @param memfd where the content is
   * @param kind {@code enum thaw_vma_kind}; zeros, in private memory, have a kind of their own
   */
  public void add(long address, long pageCount, long index, long filePage, Fd memfd, int kind) {
    if (runs.remaining() < RUN_BYTES) {
      ByteBuffer larger = ByteBuffer.allocateDirect(2 * runs.capacity());
      runs = larger.order(ByteOrder.nativeOrder()).put(runs.flip());
    }
    runs.putLong(address).putLong(pageCount).putLong(index).putLong(filePage);
    runs.putInt(memfd.number()).putInt(kind);
  }

  /** Installs what can be installed, and marks it in the space table; returns how many pages. */
  public long install(Fd uffd, Fd spaceTable) {
    int count = runs.position() / RUN_BYTES;
    return count == 0
        ? 0
        : thaw_prefault(
            uffd.number(), spaceTable.number(), Native.getDirectBufferPointer(runs), count);
  }

  private static native long thaw_prefault(int uffd, int tableFd, Pointer runs, long count);
}
