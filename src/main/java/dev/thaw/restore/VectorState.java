package dev.thaw.restore;

import dev.thaw.image.Manifest.Machine;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.ThreadImage;
import dev.thaw.remote.RemoteException;
import dev.thaw.remote.Tracee;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * How this machine lays out the NT_X86_XSTATE note, and what of another machine's fits into it.
 *
 * <pre>
 *  byte 0        x87 and SSE: the same on every x86-64
 *  byte 464      XCR0
 *  byte 512      the header: XSTATE_BV, one bit a component
 *  byte 576      AVX and what came later, each where the CPU says (CPUID leaf 0xD)
 * </pre>
 *
 * <p>A component of zeros is in its initial state, as if it were not in the note at all. So a
 * thread with nothing but zeros from byte 576 on can go on wherever x87 and SSE are, which is
 * everywhere.
 *
 * @param xcr0 the components that the kernel lets programs use
 * @param bytes length of the note; the kernel takes no other
 */
record VectorState(long xcr0, int bytes) {
  private static final int XCR0 = 464;
  private static final int XSTATE_BV = 512;
  private static final int EXTENDED = 576;
  private static final long X87_AND_SSE = 3;
  private static final long SSE = 2;
  private static final long AVX = 4;
  private static final Duration STOP_LIMIT = Duration.ofSeconds(5);
  private static volatile VectorState here;

  /** That of this machine, where all tasks but those that asked for more have the same. */
  static VectorState here(Tracee running) throws RemoteException {
    VectorState known = here;
    if (known == null) {
      running.stop(STOP_LIMIT);
      known = of(running.xstate());
      running.resume();
      here = known;
    }
    return known;
  }

  /** That of a machine from which {@code note} is. */
  static VectorState of(byte[] note) {
    return new VectorState(word(note, XCR0), note.length);
  }

  private static long word(byte[] note, int at) {
    return note.length < at + 8
        ? 0
        : ByteBuffer.wrap(note).order(ByteOrder.LITTLE_ENDIAN).getLong(at);
  }

  /** Refuses threads whose registers cannot be had here. */
  void require(Machine dump, List<ProcessImage> processes) throws RestoreException {
    if (dump.xcr0().value() == xcr0 && dump.xsaveBytes() == bytes) {
      return;
    }
    for (ProcessImage process : processes) {
      for (ThreadImage thread : process.threads()) {
        if (extended(thread.xstate())) {
          throw new RestoreException(
              String.format(
                  "pid %d: thread %d: has vector registers as a CPU with XCR0 %s and %d bytes of"
                      + " state keeps them, this one has 0x%x and %d; restore on a CPU like it",
                  process.pid(), thread.tid(), dump.xcr0(), dump.xsaveBytes(), xcr0, bytes));
        }
      }
    }
  }

  private static boolean extended(byte[] note) {
    for (int i = EXTENDED; i < note.length; i++) {
      if (note[i] != 0) {
        return true;
      }
    }
    return false;
  }

  /** The note of a thread that {@link #require} has let pass, as this machine takes it. */
  byte[] fitted(ThreadImage thread) {
    byte[] note = Arrays.copyOf(thread.xstate(), bytes);
    if (!extended(note)) {
      long used = word(note, XSTATE_BV);
      // MXCSR is SSE's and AVX's: it counts where one of them is in use.
      long legacy = used & X87_AND_SSE | ((used & AVX) != 0 ? SSE : 0);
      ByteBuffer.wrap(note).order(ByteOrder.LITTLE_ENDIAN).putLong(XSTATE_BV, legacy);
    }
    return note;
  }
}
