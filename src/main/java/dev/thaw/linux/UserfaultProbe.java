package dev.thaw.linux;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.util.Optional;

/** Tries userfaultfd(2): where it can be had from, what it can do, and a minor fault on a memfd. */
public final class UserfaultProbe {
  private static final long SYS_IOCTL = 16;
  private static final long SYS_OPEN = 2;
  private static final long SYS_MEMFD_CREATE = 319;
  private static final long SYS_USERFAULTFD = 323;
  // linux/userfaultfd.h
  private static final long UFFDIO_API = 0xC018AA3FL;
  private static final long UFFDIO_REGISTER = 0xC020AA00L;
  private static final long UFFDIO_UNREGISTER = 0x8010AA01L;
  private static final long UFFDIO_CONTINUE = 0xC020AA07L;

  /** {@code _IO(0xAA, 0x00)} of linux/userfaultfd.h: makes one, on {@code /dev/userfaultfd}. */
  public static final long USERFAULTFD_IOC_NEW = 0xAA00L;

  private static final long UFFD_API = 0xAA;
  private static final int UFFD_USER_MODE_ONLY = 1;
  private static final long MODE_MISSING_AND_MINOR = 1 | 4;
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 0x80000;
  private static final int PAGE_BYTES = 4096;
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE = 2;

  private static volatile Source allowed;

  private UserfaultProbe() {}

  /** Where a userfaultfd comes from. */
  public enum Source {
    /** The system call, faults in kernel mode included. */
    SYSCALL,
    /** {@code /dev/userfaultfd}, for those who may open it. */
    DEVICE,
    /** The system call, faults in user mode only: enough to ask for features, not to serve. */
    USER_MODE_ONLY
  }

  /** The errno of userfaultfd(2), or of opening {@code /dev/userfaultfd}; 0 where it works. */
  public static int open(Source source) {
    long fd = descriptor(source);
    if (fd < 0) {
      return (int) -fd;
    }
    LibC.close((int) fd);
    return 0;
  }

  /**
   * Where the rights here allow to take one from, faults in kernel mode included: the system call
   * first, which is also what is told where neither may be had. Asked once: the rights of a JVM do
   * not change.
   */
  public static Source allowed() {
    Source known = allowed;
    if (known == null) {
      boolean device = open(Source.SYSCALL) != 0 && open(Source.DEVICE) == 0;
      known = device ? Source.DEVICE : Source.SYSCALL;
      allowed = known;
    }
    return known;
  }

  /** The {@code UFFD_FEATURE_*} bits of this kernel; empty where no userfaultfd can be had. */
  public static Optional<Long> features() {
    for (Source source : Source.values()) {
      long number = descriptor(source);
      if (number >= 0) {
        try (Fd fd = new Fd((int) number);
            Memory api = handshake(0)) {
          if (ioctl(fd, UFFDIO_API, api) == 0) {
            return Optional.of(api.getLong(8));
          }
        }
      }
    }
    return Optional.empty();
  }

  /** The errno of asking for {@code features}: some need a right as well as a kernel. */
  public static int enable(Source source, long features) {
    long number = descriptor(source);
    if (number < 0) {
      return (int) -number;
    }
    try (Fd fd = new Fd((int) number);
        Memory api = handshake(features)) {
      return ioctl(fd, UFFDIO_API, api);
    }
  }

  /**
   * Maps a memfd that holds one page, registers it for missing and minor faults, and installs the
   * page with {@code UFFDIO_CONTINUE}. The errno of the first step that fails.
   */
  public static int installFromMemfd(Source source, long features) {
    long number = descriptor(source);
    if (number < 0) {
      return (int) -number;
    }
    try (Fd fd = new Fd((int) number);
        Memory api = handshake(features);
        Scratch page = Scratch.of(PAGE_BYTES)) {
      int errno = ioctl(fd, UFFDIO_API, api);
      if (errno != 0) {
        return errno;
      }
      page.setString(0, "probe");
      long memfd = LibC.syscall(SYS_MEMFD_CREATE, Pointer.nativeValue(page), 1, 0, 0, 0, 0);
      if (memfd < 0) {
        return LibC.errno();
      }
      try (Fd memory = new Fd((int) memfd)) {
        return installPage(fd, memory, page);
      }
    }
  }

  private static int installPage(Fd uffd, Fd memory, Pointer page) {
    if (LibC.pwrite(memory.number(), page, PAGE_BYTES, 0) != PAGE_BYTES) {
      return LibC.errno();
    }
    Pointer mapped =
        LibC.mmap(Pointer.NULL, PAGE_BYTES, PROT_READ_WRITE, MAP_PRIVATE, memory.number(), 0);
    if (Pointer.nativeValue(mapped) == -1) {
      return LibC.errno();
    }
    try (Scratch range = Scratch.of(32)) {
      range.clear();
      range.setLong(0, Pointer.nativeValue(mapped));
      range.setLong(8, PAGE_BYTES);
      range.setLong(16, MODE_MISSING_AND_MINOR);
      int errno = ioctl(uffd, UFFDIO_REGISTER, range);
      if (errno == 0) {
        range.setLong(16, 0);
        errno = ioctl(uffd, UFFDIO_CONTINUE, range);
        // While registered, munmap would wait for somebody to read its EVENT_UNMAP.
        ioctl(uffd, UFFDIO_UNREGISTER, range);
      }
      return errno;
    } finally {
      LibC.munmap(mapped, PAGE_BYTES);
    }
  }

  private static Memory handshake(long features) {
    Memory api = new Memory(24);
    api.setLong(0, UFFD_API);
    api.setLong(8, features);
    api.setLong(16, 0);
    return api;
  }

  private static int ioctl(Fd fd, long request, Pointer argument) {
    long address = Pointer.nativeValue(argument);
    return LibC.syscall(SYS_IOCTL, fd.number(), request, address, 0, 0, 0) < 0 ? LibC.errno() : 0;
  }

  /** A new userfaultfd, or -errno. */
  private static long descriptor(Source source) {
    if (source != Source.DEVICE) {
      int mode = source == Source.USER_MODE_ONLY ? UFFD_USER_MODE_ONLY : 0;
      return orErrno(LibC.syscall(SYS_USERFAULTFD, O_CLOEXEC | mode, 0, 0, 0, 0, 0));
    }
    try (Scratch path = Scratch.of(32)) {
      path.setString(0, "/dev/userfaultfd");
      long address = Pointer.nativeValue(path);
      long device = orErrno(LibC.syscall(SYS_OPEN, address, O_RDWR | O_CLOEXEC, 0, 0, 0, 0));
      if (device < 0) {
        return device;
      }
      try (Fd owner = new Fd((int) device)) {
        return orErrno(
            LibC.syscall(SYS_IOCTL, owner.number(), USERFAULTFD_IOC_NEW, O_CLOEXEC, 0, 0, 0));
      }
    }
  }

  private static long orErrno(long result) {
    return result < 0 ? -LibC.errno() : result;
  }
}
