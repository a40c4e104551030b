package dev.thaw.restore;

import dev.thaw.image.Vma;
import dev.thaw.linux.UserfaultProbe;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;
import java.util.HashMap;
import java.util.Map;

/**
 * What the compiled programs need to know of the world in which they run: descriptors of thaw-init,
 * free addresses and numbers. {@code thaw plan} compiles with a made-up one.
 */
final class RestoreContext {
  private static final int O_CLOEXEC = 02000000;
  private static final int O_RDWR = 2;
  private static final int AT_FDCWD = -100;

  private final int initPid;
  private final Map<Integer, Integer> privateBackings = new HashMap<>();
  private final Map<Integer, Integer> segments = new HashMap<>();
  private final Map<Integer, Integer> sharedBackings = new HashMap<>();
  private final Map<Integer, Integer> memfds = new HashMap<>();
  private final Map<Integer, Integer> hugeFiles = new HashMap<>();
  private final Map<String, Long> aside = new HashMap<>();
  private UserfaultProbe.Source userfaultfds = UserfaultProbe.Source.SYSCALL;

  /**
   * @param initPid thaw-init, as the restored processes see it: the programs take its descriptors
   *     with pidfd_getfd(2). The JVM may be in another pid namespace, where they do not see it.
   */
  RestoreContext(int initPid) {
    this.initPid = initPid;
  }

  int initPid() {
    return initPid;
  }

  /** Backing {@code backing} holds the private memory of {@code pid}, as memfd {@code number}. */
  void privateBacking(int pid, int backing, int number) {
    privateBackings.put(pid, backing);
    memfds.put(backing, number);
  }

  /** Backing {@code backing} is shared memory {@code object}, as memfd {@code number}. */
  void sharedBacking(int object, int backing, int number) {
    sharedBackings.put(object, backing);
    memfds.put(backing, number);
  }

  /** Shared memory {@code object} consists of huge pages, in memfd {@code number}. */
  void hugeFile(int object, int number) {
    hugeFiles.put(object, number);
  }

  /** thaw-init's descriptor of the memfd that is mapped at {@code area}, or null without one. */
  Integer memfdOf(MemoryLayout.Area area) {
    if (area.treatment() == Treatment.LAZY) {
      return memfds.get(privateBackings.get(area.owner()));
    }
    if (area.vma().backing() instanceof Vma.Backing.Huge huge) {
      return hugeFiles.get(huge.object());
    }
    return area.vma().backing() instanceof Vma.Backing.Shared shared
        ? memfds.get(sharedBackings.get(shared.object()))
        : null;
  }

  /** The backing that the pager serves {@code area} from. */
  int servedBacking(MemoryLayout.Area area) {
    return area.treatment() == Treatment.SHARED
        ? sharedBackings.get(((Vma.Backing.Shared) area.vma().backing()).object())
        : privateBackings.get(area.owner());
  }

  /** The backing of shared memory {@code object}. */
  int sharedBacking(int object) {
    return sharedBackings.get(object);
  }

  /** The id of the System V segment that is shared memory {@code object}. */
  int segment(int object) {
    return segments.get(object);
  }

  /** Notes it. */
  void segment(int object, int id) {
    segments.put(object, id);
  }

  /** A path that opens shared memory {@code object} anew, or null if it is empty. */
  String pathOf(int object) {
    Integer backing = sharedBackings.get(object);
    Integer number = backing == null ? hugeFiles.get(object) : memfds.get(backing);
    return number == null ? null : "/proc/" + initPid + "/fd/" + number;
  }

  /** {@code [vdso]} and its siblings wait at {@code address} until the memory is mapped. */
  void aside(String name, long address) {
    aside.put(name, address);
  }

  /** Where {@code name} waits. */
  long asideOf(String name) {
    Long address = aside.get(name);
    if (address == null) {
      throw new IllegalStateException("this kernel has no " + name);
    }
    return address;
  }

  /** Where the processes take their userfaultfds from; without it, the system call. */
  void userfaultfds(UserfaultProbe.Source source) {
    userfaultfds = source;
  }

  /** Adds what opens a userfaultfd in the process. */
  Program.Arg openUserfaultfd(Program.Builder b) {
    if (userfaultfds != UserfaultProbe.Source.DEVICE) {
      return b.call(Syscalls.USERFAULTFD, O_CLOEXEC);
    }
    Program.Data path = b.cstring("/dev/userfaultfd");
    Program.Arg device = b.call(Syscalls.OPENAT, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    Program.Arg made =
        b.call(Syscalls.IOCTL, device, UserfaultProbe.USERFAULTFD_IOC_NEW, O_CLOEXEC);
    b.call(Syscalls.CLOSE, device);
    return made;
  }
}
