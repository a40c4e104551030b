package dev.thaw.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** memfd_create(2): a sparse file in memory. Offsets go up to 2^63, so page numbers to 2^51. */
public final class Memfd extends Fd {
  /** Bytes of a page. */
  public static final int PAGE_BYTES = 4096;

  private static final long NR_MEMFD_CREATE = 319;
  private static final long NR_FCNTL = 72;
  private static final long NR_COPY_FILE_RANGE = 326;
  private static final int F_ADD_SEALS = 1033;

  /** F_SEAL_SEAL, SHRINK, GROW, WRITE (linux/fcntl.h). */
  private static final int ALL_SEALS = 1 | 2 | 4 | 8;

  private static final long NR_FTRUNCATE = 77;
  private static final long NR_FALLOCATE = 285;
  private static final long MFD_CLOEXEC = 1;
  private static final long MFD_ALLOW_SEALING = 2;
  private static final long FALLOC_FL_KEEP_SIZE_PUNCH_HOLE = 3;

  private Memfd(int number) {
    super(number);
  }

  /** Takes ownership of a descriptor that is one. */
  public static Memfd of(Fd fd) {
    return new Memfd(fd.release());
  }

  /** Creates an empty one of {@code lengthBytes}, close-on-exec, sealable. */
  public static Memfd create(String name, long lengthBytes) throws SyscallException {
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    long number;
    try (Scratch memory = Scratch.of(text.length + 1L)) {
      memory.write(0, text, 0, text.length);
      memory.setByte(text.length, (byte) 0);
      number =
          LibC.syscall(
              NR_MEMFD_CREATE,
              Pointer.nativeValue(memory),
              MFD_CLOEXEC | MFD_ALLOW_SEALING,
              0,
              0,
              0,
              0);
    }
    if (number < 0) {
      throw new SyscallException("memfd_create(\"" + name + "\")", LibC.errno());
    }
    Memfd memfd = new Memfd((int) number);
    if (LibC.syscall(NR_FTRUNCATE, number, lengthBytes, 0, 0, 0, 0) < 0) {
      int code = LibC.errno();
      memfd.close();
      throw new SyscallException("ftruncate(" + number + ", " + lengthBytes + ")", code);
    }
    return memfd;
  }

  /** Sets the length: ftruncate(2). */
  public void truncate(long lengthBytes) throws SyscallException {
    if (LibC.syscall(NR_FTRUNCATE, number(), lengthBytes, 0, 0, 0, 0) < 0) {
      throw new SyscallException("ftruncate(" + number() + ", " + lengthBytes + ")", LibC.errno());
    }
  }

  /**
   * Writes {@code lengthBytes} from {@code from} of a direct buffer; its position does not matter.
   *
   * @throws SyscallException also if the file took only a part (no memory left)
   */
  public void write(ByteBuffer direct, int from, int lengthBytes, long offset)
      throws SyscallException {
    if (from < 0 || lengthBytes < 0 || from > direct.capacity() - lengthBytes) {
      throw new IndexOutOfBoundsException(from + " + " + lengthBytes + " of " + direct.capacity());
    }
    Pointer pointer = Native.getDirectBufferPointer(direct);
    int done = 0;
    while (done < lengthBytes) {
      long n = LibC.pwrite(number(), pointer.share(from + done), lengthBytes - done, offset + done);
      if (n < 0) {
        throw new SyscallException(
            "pwrite(" + number() + ", ..., " + lengthBytes + ", " + offset + ")", LibC.errno());
      }
      done += (int) n;
    }
  }

  /** Copies a range to the same place of another one. Holes become pages of zeros. */
  public void copyTo(Memfd to, long offset, long lengthBytes) throws SyscallException {
    try (Scratch from = Scratch.of(8);
        Scratch into = Scratch.of(8)) {
      from.setLong(0, offset);
      into.setLong(0, offset);
      long left = lengthBytes;
      while (left > 0) {
        long n =
            LibC.syscall(
                NR_COPY_FILE_RANGE,
                number(),
                Pointer.nativeValue(from),
                to.number(),
                Pointer.nativeValue(into),
                left,
                0);
        if (n <= 0) {
          throw new SyscallException(
              "copy_file_range(" + number() + ", " + offset + ", " + to.number() + ")",
              n < 0 ? LibC.errno() : Errno.EIO.code());
        }
        left -= n;
      }
    }
  }

  /**
   * Seals it for ever: no write, no hole, no other length, by nobody. Shared writable mappings must
   * be gone.
   */
  public void seal() throws SyscallException {
    if (LibC.syscall(NR_FCNTL, number(), F_ADD_SEALS, ALL_SEALS, 0, 0, 0) < 0) {
      throw new SyscallException("fcntl(" + number() + ", F_ADD_SEALS)", LibC.errno());
    }
  }

  /** Gives the pages of {@code [offset, offset + lengthBytes)} back; they read as zeros. */
  public void punch(long offset, long lengthBytes) throws SyscallException {
    if (LibC.syscall(
            NR_FALLOCATE, number(), FALLOC_FL_KEEP_SIZE_PUNCH_HOLE, offset, lengthBytes, 0, 0)
        < 0) {
      throw new SyscallException(
          "fallocate(" + number() + ", PUNCH_HOLE, " + offset + ", " + lengthBytes + ")",
          LibC.errno());
    }
  }
}
