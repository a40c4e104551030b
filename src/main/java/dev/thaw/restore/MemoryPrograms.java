package dev.thaw.restore;

import dev.thaw.image.MmImage;
import dev.thaw.image.Vma;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Compiles the memory of one process: map everything, later (when its written pages are there) set
 * the final protections and register what the pager serves.
 */
final class MemoryPrograms {
  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int PROT_EXEC = 4;
  private static final int SHM_RDONLY = 010000;
  private static final int SHM_EXEC = 0100000;
  private static final int MAP_SHARED = 0x01;
  private static final int MAP_PRIVATE = 0x02;
  private static final int MAP_DROPPABLE = 0x08;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final int MAP_GROWSDOWN = 0x100;
  private static final int MAP_NORESERVE = 0x4000;
  private static final int MAP_HUGETLB = 0x40000;
  private static final int MAP_HUGE_SHIFT = 26;
  private static final int MAP_FIXED_NOREPLACE = 0x100000;
  private static final int MREMAP_MAYMOVE_FIXED = 1 | 2;
  private static final int O_RDONLY = 0;
  private static final int O_RDWR = 2;
  private static final int O_CLOEXEC = 02000000;
  private static final int AT_FDCWD = -100;
  private static final int MLOCK_ONFAULT = 1;
  private static final int PR_SET_MM = 35;
  private static final int PR_SET_MM_MAP = 14;
  private static final int PRCTL_MM_MAP_BYTES = 104;

  /** madvise(2) advice for each two-letter flag of smaps. */
  private static final Map<String, Integer> ADVICE =
      Map.of("dc", 10, "mg", 12, "hg", 14, "nh", 15, "dd", 16, "wf", 18, "rr", 1, "sr", 2);

  private static final long UFFDIO_API = 0xC018AA3FL;
  private static final long UFFDIO_REGISTER = 0xC020AA00L;
  private static final long UFFD_API = 0xAA;
  private static final int REGISTER_MISSING = 1;
  private static final int REGISTER_MINOR = 4;

  private final MemoryLayout layout;
  private final RestoreContext context;

  MemoryPrograms(MemoryLayout layout, RestoreContext context) {
    this.layout = layout;
    this.context = context;
  }

  /** Maps every VMA. Those whose pages are still to be written are writable for now. */
  Program map() {
    Program.Builder b = Program.builder("map memory");
    Map<String, Program.Arg> opened = new HashMap<>();
    Map<Integer, Program.Arg> memfds = new HashMap<>();
    Program.Arg init = null;
    for (MemoryLayout.Area area : layout.areas()) {
      Integer memfd = context.memfdOf(area);
      if (memfd != null && !memfds.containsKey(memfd)) {
        init = init != null ? init : b.call(Syscalls.PIDFD_OPEN, context.initPid(), 0);
        b.note("take memfd " + memfd);
        memfds.put(memfd, b.call(Syscalls.PIDFD_GETFD, init, memfd, 0));
      }
    }
    for (MemoryLayout.Area area : layout.areas()) {
      switch (area.treatment()) {
        case NONE -> {}
        case KERNEL -> moveKernelPages(b, area);
        case SYSV -> attach(b, area);
        default -> map(b, area, descriptor(b, area, opened, memfds));
      }
    }
    opened.values().forEach(fd -> b.call(Syscalls.CLOSE, fd));
    memfds.values().forEach(fd -> b.call(Syscalls.CLOSE, fd));
    if (init != null) {
      b.call(Syscalls.CLOSE, init);
    }
    return b.build();
  }

  /** The vDSO was put aside before the old address space went; here it moves to its place. */
  private void moveKernelPages(Program.Builder b, MemoryLayout.Area area) {
    String name = ((Vma.Backing.Vdso) area.vma().backing()).name();
    b.note(name);
    b.callOk(
        Program.Success.exactly(area.start()),
        Syscalls.MREMAP,
        context.asideOf(name),
        area.bytes(),
        area.bytes(),
        MREMAP_MAYMOVE_FIXED,
        area.start());
  }

  private void attach(Program.Builder b, MemoryLayout.Area area) {
    int object = ((Vma.Backing.SysV) area.vma().backing()).object();
    int flags = (area.vma().prot() & PROT_WRITE) == 0 ? SHM_RDONLY : 0;
    flags |= (area.vma().prot() & PROT_EXEC) == 0 ? 0 : SHM_EXEC;
    b.callOk(
        Program.Success.exactly(area.start()),
        Syscalls.SHMAT,
        context.segment(object),
        area.start(),
        flags);
  }

  private Object descriptor(
      Program.Builder b,
      MemoryLayout.Area area,
      Map<String, Program.Arg> opened,
      Map<Integer, Program.Arg> memfds) {
    Integer memfd = context.memfdOf(area);
    if (memfd != null) {
      return memfds.get(memfd);
    }
    if (area.vma().backing() instanceof Vma.Backing.MappedFile file) {
      int mode = file.writable() && !file.privately() ? O_RDWR : O_RDONLY;
      return open(b, file.file().path(), mode, opened);
    }
    if (area.vma().backing() instanceof Vma.Backing.CharDevice device) {
      return open(b, device.path(), O_RDWR, opened);
    }
    return -1;
  }

  private static Program.Arg open(
      Program.Builder b, String path, int mode, Map<String, Program.Arg> opened) {
    return opened.computeIfAbsent(
        mode + path,
        key -> b.call(Syscalls.OPENAT, AT_FDCWD, b.cstring(path), mode | O_CLOEXEC, 0));
  }

  private void map(Program.Builder b, MemoryLayout.Area area, Object fd) {
    long offset = area.firstPage() << 12;
    int flags = MAP_PRIVATE;
    Vma.Backing backing = area.vma().backing();
    if (backing instanceof Vma.Backing.Anonymous anonymous) {
      if (area.treatment() != Treatment.LAZY) {
        flags = (anonymous.droppable() ? MAP_DROPPABLE : MAP_PRIVATE) | MAP_ANONYMOUS;
        flags |= anonymous.growsDown() ? MAP_GROWSDOWN : 0;
        offset = 0;
      }
    } else if (backing instanceof Vma.Backing.MappedFile file) {
      flags = file.privately() ? MAP_PRIVATE : MAP_SHARED;
      offset = file.offsetBytes();
      b.note(file.file().path());
    } else if (backing instanceof Vma.Backing.Shared shared) {
      flags = shared.privately() ? MAP_PRIVATE : MAP_SHARED;
      offset = shared.offsetBytes();
    } else if (backing instanceof Vma.Backing.Huge huge) {
      flags = huge.privately() ? MAP_PRIVATE : MAP_SHARED;
      flags |= huge.anonymous() ? MAP_ANONYMOUS | MAP_HUGETLB | hugePageSize(huge) : 0;
      offset = huge.offsetBytes();
    } else if (backing instanceof Vma.Backing.CharDevice device) {
      flags = device.privately() ? MAP_PRIVATE : MAP_SHARED;
      offset = device.offsetBytes();
    }
    flags |= area.vma().has("nr") ? MAP_NORESERVE : 0;
    b.callOk(
        Program.Success.exactly(area.start()),
        Syscalls.MMAP,
        area.start(),
        area.bytes(),
        mappedProt(area),
        flags | MAP_FIXED_NOREPLACE,
        fd,
        offset);
  }

  /** mmap(2): the base-2 logarithm of the page's size in the high bits of the flags. */
  private static int hugePageSize(Vma.Backing.Huge huge) {
    return Long.numberOfTrailingZeros(huge.pageBytes()) << MAP_HUGE_SHIFT;
  }

  private static int mappedProt(MemoryLayout.Area area) {
    return !area.writtenRuns().isEmpty()
        ? area.vma().prot() | PROT_READ | PROT_WRITE
        : area.vma().prot();
  }

  /** Final protections and advice, once the written pages are there. */
  Program protect() {
    Program.Builder b = Program.builder("protect memory");
    for (MemoryLayout.Area area : layout.areas()) {
      if (mappedProt(area) != area.vma().prot()) {
        b.call(Syscalls.MPROTECT, area.start(), area.bytes(), area.vma().prot());
      }
      for (String flag : area.vma().flags()) {
        Integer advice = ADVICE.get(flag);
        boolean droppable =
            area.vma().backing() instanceof Vma.Backing.Anonymous a && a.droppable();
        if (advice != null && !(droppable && (flag.equals("wf") || flag.equals("dd")))) {
          b.call(Syscalls.MADVISE, area.start(), area.bytes(), advice);
        }
        if (flag.equals("lo")) {
          int how = area.vma().has("lf") ? MLOCK_ONFAULT : 0;
          b.call(Syscalls.MLOCK2, area.start(), area.bytes(), how);
        }
      }
    }
    return b.build();
  }

  /**
   * Opens a userfaultfd, moves it to {@code number}, and registers what the pager serves.
   * Kernel-mode faults are included: the process still has all rights here.
   */
  Program register(int number, long features) {
    Program.Builder b = Program.builder("register memory");
    Program.Arg fd = context.openUserfaultfd(b);
    b.call(Syscalls.DUP3, fd, number, O_CLOEXEC);
    b.call(Syscalls.CLOSE, fd);
    b.call(Syscalls.IOCTL, number, UFFDIO_API, b.data(words(UFFD_API, features, 0)));
    for (MemoryLayout.Area area : layout.areas()) {
      if (area.treatment().registered()) {
        long mode =
            area.treatment() == Treatment.COPY
                ? REGISTER_MISSING
                : REGISTER_MISSING | REGISTER_MINOR;
        b.call(
            Syscalls.IOCTL,
            number,
            UFFDIO_REGISTER,
            b.data(words(area.start(), area.bytes(), mode, 0)));
      }
    }
    return b.build();
  }

  /**
   * Sets what /proc/PID/stat, cmdline, environ, auxv and exe show.
   *
   * @param exeNumber a free descriptor number, for struct prctl_mm_map to name
   */
  static Program mmFields(MmImage mm, int exeNumber) {
    Program.Builder b = Program.builder("mm fields");
    MmImage.Layout l = mm.layout();
    Program.Data auxv = b.data(mm.auxv());
    Program.Arg exe =
        b.call(Syscalls.OPENAT, AT_FDCWD, b.cstring(mm.exe().path()), O_RDONLY | O_CLOEXEC, 0);
    byte[] map =
        words(
            l.startCode().value(),
            l.endCode().value(),
            l.startData().value(),
            l.endData().value(),
            l.startBrk().value(),
            l.brk().value(),
            l.startStack().value(),
            l.argStart().value(),
            l.argEnd().value(),
            l.envStart().value(),
            l.envEnd().value(),
            0,
            mm.auxv().length | (long) exeNumber << 32);
    Program.Data struct = b.data(map);
    b.pointer(struct.plus(88), auxv);
    b.call(Syscalls.DUP3, exe, exeNumber, O_CLOEXEC);
    b.call(Syscalls.CLOSE, exe);
    b.call(Syscalls.PRCTL, PR_SET_MM, PR_SET_MM_MAP, struct, PRCTL_MM_MAP_BYTES, 0);
    b.call(Syscalls.CLOSE, exeNumber);
    return b.build();
  }

  /** Little-endian 64-bit words. */
  static byte[] words(long... values) {
    ByteBuffer buffer = ByteBuffer.allocate(values.length * 8).order(ByteOrder.LITTLE_ENDIAN);
    for (long value : values) {
      buffer.putLong(value);
    }
    return buffer.array();
  }

  /** Whether the pager has anything to serve in this process. */
  boolean registers() {
    return layout.areas().stream().anyMatch(a -> a.treatment().registered());
  }

  /** The areas. */
  List<MemoryLayout.Area> areas() {
    return layout.areas();
  }
}
