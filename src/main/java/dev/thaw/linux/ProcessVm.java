package dev.thaw.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;

/**
 * The memory of another process: process_vm_readv(2), process_vm_writev(2), {@code /proc/PID/mem}.
 */
public final class ProcessVm {
  private static final long NR_READV = 310;
  private static final long NR_WRITEV = 311;

  private ProcessVm() {}

  /** Reads all of {@code [address, address + length)}. */
  public static byte[] read(int pid, long address, int length) throws SyscallException {
    if (length == 0) {
      return new byte[0];
    }
    try (Scratch local = Scratch.of(length)) {
      whole(
          transfer(NR_READV, pid, Pointer.nativeValue(local), address, length),
          NR_READV,
          pid,
          address,
          length);
      return local.getByteArray(0, length);
    }
  }

  /**
   * Reads into a direct buffer from its position to its limit and moves the position.
   *
   * @return bytes read; fewer than asked for where the rest is not readable
   */
  public static int read(int pid, long address, ByteBuffer direct) throws SyscallException {
    long local = Pointer.nativeValue(Native.getDirectBufferPointer(direct)) + direct.position();
    long done = transfer(NR_READV, pid, local, address, direct.remaining());
    if (done < 0) {
      throw failed(NR_READV, pid, address, direct.remaining(), LibC.errno());
    }
    direct.position(direct.position() + (int) done);
    return (int) done;
  }

  /** Writes all of {@code bytes}; the pages must be writable for the process itself. */
  public static void write(int pid, long address, byte[] bytes) throws SyscallException {
    if (bytes.length == 0) {
      return;
    }
    try (Scratch local = Scratch.of(bytes.length)) {
      local.write(0, bytes, 0, bytes.length);
      whole(
          transfer(NR_WRITEV, pid, Pointer.nativeValue(local), address, bytes.length),
          NR_WRITEV,
          pid,
          address,
          bytes.length);
    }
  }

  /** Writes what remains in a direct buffer; its position moves to its limit. */
  public static void write(int pid, long address, ByteBuffer direct) throws SyscallException {
    int length = direct.remaining();
    long local = Pointer.nativeValue(Native.getDirectBufferPointer(direct)) + direct.position();
    whole(transfer(NR_WRITEV, pid, local, address, length), NR_WRITEV, pid, address, length);
    direct.position(direct.limit());
  }

  /**
   * Writes through {@code /proc/PID/mem}, which reaches private pages that the process itself may
   * not write (a copy of a file's page is made). An absent page under userfaultfd gives EIO.
   */
  public static void writeForced(int pid, long address, byte[] bytes) throws IOException {
    try (RandomAccessFile memory = new RandomAccessFile("/proc/" + pid + "/mem", "rw")) {
      memory.seek(address);
      memory.write(bytes);
    }
  }

  private static long transfer(long nr, int pid, long local, long remote, long length) {
    try (Scratch iov = Scratch.of(32)) {
      iov.setLong(0, local);
      iov.setLong(8, length);
      iov.setLong(16, remote);
      iov.setLong(24, length);
      long at = Pointer.nativeValue(iov);
      return LibC.syscall(nr, pid, at, 1, at + 16, 1, 0);
    }
  }

  private static void whole(long done, long nr, int pid, long address, int length)
      throws SyscallException {
    if (done < 0) {
      throw failed(nr, pid, address, length, LibC.errno());
    }
    if (done != length) {
      throw failed(nr, pid, address + done, length - (int) done, Errno.EFAULT.code());
    }
  }

  private static SyscallException failed(long nr, int pid, long address, int length, int code) {
    String name = nr == NR_READV ? "process_vm_readv" : "process_vm_writev";
    return new SyscallException(String.format("%s(%d, %#x+%d)", name, pid, address, length), code);
  }
}
