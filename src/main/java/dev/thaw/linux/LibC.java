package dev.thaw.linux;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;

/**
 * libc entry points by JNA direct mapping, named and typed as in their man pages. No policy, no
 * exceptions: the return value decides, {@link #errno()} (read at once) explains.
 */
final class LibC {
  static {
    // The JVM has it loaded: JNA need not look for a file of that name.
    Native.register(LibC.class, NativeLibrary.getProcess());
  }

  private LibC() {}

  /** The errno of the last failed call of this thread. JNA keeps it per thread. */
  static int errno() {
    return Native.getLastError();
  }

  /** syscall(2); every argument is passed as a full register. */
  static native long syscall(long nr, long a, long b, long c, long d, long e, long f);

  static native int close(int fd);

  static native long pread(int fd, Pointer buf, long count, long offset);

  static native long pwrite(int fd, Pointer buf, long count, long offset);

  static native Pointer mmap(Pointer addr, long length, int prot, int flags, int fd, long offset);

  static native int munmap(Pointer addr, long length);

  static native Pointer strerror(int code);

  static native int malloc_trim(long pad);
}
