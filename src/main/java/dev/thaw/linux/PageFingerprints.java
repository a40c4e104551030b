package dev.thaw.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Recognises zero pages and equal pages, at memory speed and from the first call on: the C behind
 * it needs no warm-up, and a dump lasts about a second.
 *
 * <p>A fingerprint is 128 bits of a keyed universal hash; {@code native/lib/fingerprint.c} has the
 * argument why two different pages share one with a probability below 2^-126 even where somebody
 * chose them to. Fingerprints of different objects of this class do not compare. Thread safe.
 */
public final class PageFingerprints {
  /** Bytes of {@code struct key} in fingerprint.c. */
  static final int KEY_BYTES = 8288;

  private static final int PAGE_BYTES = 4096;
  private static final long SYS_GETRANDOM = 318;

  static {
    Native.register(PageFingerprints.class, ThawLibrary.load());
  }

  private final ByteBuffer key = ByteBuffer.allocateDirect(KEY_BYTES);
  private final Pointer keyPointer = Native.getDirectBufferPointer(key);

  /**
   * Draws a new key from the kernel: getrandom(2). {@code SecureRandom} gives the same bytes and
   * takes 20 ms in a JVM that has just started.
   */
  public PageFingerprints() throws SyscallException {
    int drawn = 0;
    while (drawn < KEY_BYTES) {
      long more =
          LibC.syscall(
              SYS_GETRANDOM,
              Pointer.nativeValue(keyPointer) + drawn,
              KEY_BYTES - drawn,
              0,
              0,
              0,
              0);
      if (more < 0 && LibC.errno() != Errno.EINTR.code()) {
        throw new SyscallException("getrandom(" + (KEY_BYTES - drawn) + ")", LibC.errno());
      }
      drawn += (int) Math.max(more, 0);
    }
  }

  /** With a chosen key, for comparison with the specification. */
  PageFingerprints(byte[] chosenKey) {
    key.put(0, chosenKey);
  }

  /**
   * Computes the fingerprints of the first {@code pageCount} pages of {@code pages}.
   *
   * @param pages direct; its position does not matter
   * @param out direct, of native byte order; gets two longs a page from index 0 on: both 0 for a
   *     page of zeros, and for no other
   */
  public void compute(ByteBuffer pages, int pageCount, ByteBuffer out) {
    if ((long) pageCount * PAGE_BYTES > pages.capacity() || pageCount * 16L > out.capacity()) {
      throw new IllegalArgumentException(
          pageCount + " pages in " + pages.capacity() + " bytes to " + out.capacity() + " bytes");
    }
    if (out.order() != ByteOrder.nativeOrder()) {
      throw new IllegalArgumentException("byte order " + out.order());
    }
    thaw_fingerprint_pages(
        Native.getDirectBufferPointer(pages),
        pageCount,
        keyPointer,
        Native.getDirectBufferPointer(out));
  }

  private static native void thaw_fingerprint_pages(
      Pointer pages, long count, Pointer key, Pointer out);
}
