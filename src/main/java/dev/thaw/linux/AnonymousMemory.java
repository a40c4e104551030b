package dev.thaw.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;

/**
 * Private anonymous memory outside of the Java heap, and outside of its limits: {@code mmap(2)},
 * without the zeroing that {@code ByteBuffer.allocateDirect} does, in huge pages where the kernel
 * has them (a first touch of 4 KiB pages is several times slower than the copy into them).
 *
 * <p>{@link #close} unmaps: no slice may be used after it.
 */
public final class AnonymousMemory implements AutoCloseable {
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
  private static final int MADV_HUGEPAGE = 14;
  private static final int MADV_POPULATE_WRITE = 23;
  private static final long SYS_MADVISE = 28;

  private final long lengthBytes;
  private Pointer start;

  /** Maps {@code lengthBytes}; nothing of it is populated. */
  public AnonymousMemory(long lengthBytes) throws SyscallException {
    this.lengthBytes = lengthBytes;
    start = LibC.mmap(null, lengthBytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0);
    if (Pointer.nativeValue(start) == -1) {
      throw new SyscallException(
          "mmap(NULL, " + lengthBytes + ", PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS)",
          LibC.errno());
    }
    // Advice: a kernel without transparent huge pages refuses it, and nothing is lost.
    LibC.syscall(SYS_MADVISE, Pointer.nativeValue(start), lengthBytes, MADV_HUGEPAGE, 0, 0, 0);
  }

  /**
   * Makes {@code [offset, offset + bytes)} resident (MADV_POPULATE_WRITE, Linux 5.14); where that
   * fails, its first use does so.
   */
  public void populate(long offset, long bytes) {
    if (offset < 0 || bytes < 0 || offset > lengthBytes - bytes) {
      throw new IndexOutOfBoundsException(offset + " + " + bytes + " of " + lengthBytes);
    }
    LibC.syscall(
        SYS_MADVISE, Pointer.nativeValue(start) + offset, bytes, MADV_POPULATE_WRITE, 0, 0, 0);
  }

  /** A direct buffer over {@code [offset, offset + bytes)}. */
  public ByteBuffer slice(long offset, int bytes) {
    if (offset < 0 || bytes < 0 || offset > lengthBytes - bytes) {
      throw new IndexOutOfBoundsException(offset + " + " + bytes + " of " + lengthBytes);
    }
    return start.getByteBuffer(offset, bytes);
  }

  /** The address that a direct buffer starts at, for system calls. */
  public static long addressOf(ByteBuffer direct) {
    return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
  }

  @Override
  public synchronized void close() {
    if (start != null) {
      LibC.munmap(start, lengthBytes);
      start = null;
    }
  }
}
