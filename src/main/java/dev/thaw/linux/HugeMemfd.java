package dev.thaw.linux;

import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;

/**
 * memfd_create(2) with MFD_HUGETLB. write(2) fails on it: {@link #map} it for a while, and write to
 * the mapping through {@link ProcessVm}.
 */
public final class HugeMemfd extends Fd {
  private static final long NR_MEMFD_CREATE = 319;
  private static final long NR_FTRUNCATE = 77;
  private static final long MFD_CLOEXEC = 1;
  private static final long MFD_ALLOW_SEALING = 2;
  private static final long MFD_HUGETLB = 4;
  private static final int MFD_HUGE_SHIFT = 26;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED_NORESERVE = 0x4001;

  private HugeMemfd(int number) {
    super(number);
  }

  /**
   * Creates one, close-on-exec, sealable. It takes no huge page before it is mapped or written.
   *
   * @param lengthBytes a multiple of {@code pageBytes}
   */
  public static HugeMemfd create(String name, long lengthBytes, long pageBytes)
      throws SyscallException {
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    long size = (long) Long.numberOfTrailingZeros(pageBytes) << MFD_HUGE_SHIFT;
    long flags = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | size;
    long number;
    try (Scratch memory = Scratch.of(text.length + 1L)) {
      memory.write(0, text, 0, text.length);
      memory.setByte(text.length, (byte) 0);
      number = LibC.syscall(NR_MEMFD_CREATE, Pointer.nativeValue(memory), flags, 0, 0, 0, 0);
    }
    if (number < 0) {
      throw new SyscallException(
          "memfd_create(\"" + name + "\", MFD_HUGETLB of " + pageBytes + ")", LibC.errno());
    }
    HugeMemfd memfd = new HugeMemfd((int) number);
    if (LibC.syscall(NR_FTRUNCATE, number, lengthBytes, 0, 0, 0, 0) < 0) {
      int code = LibC.errno();
      memfd.close();
      throw new SyscallException("ftruncate(" + number + ", " + lengthBytes + ")", code);
    }
    return memfd;
  }

  /** A shared mapping of all of it; it may go before the descriptor, which seals require. */
  public Mapping map(long lengthBytes) throws SyscallException {
    Pointer start =
        LibC.mmap(null, lengthBytes, PROT_READ_WRITE, MAP_SHARED_NORESERVE, number(), 0);
    if (Pointer.nativeValue(start) == -1) {
      throw new SyscallException(
          "mmap(NULL, " + lengthBytes + ", MAP_SHARED, " + number() + ")", LibC.errno());
    }
    return new Mapping(start, lengthBytes);
  }

  /** Where it is mapped in this process, until closed. No Java code touches it. */
  public static final class Mapping implements AutoCloseable {
    private final Pointer start;
    private final long lengthBytes;

    private Mapping(Pointer start, long lengthBytes) {
      this.start = start;
      this.lengthBytes = lengthBytes;
    }

    /** First byte. */
    public long address() {
      return Pointer.nativeValue(start);
    }

    @Override
    public void close() {
      LibC.munmap(start, lengthBytes);
    }
  }
}
