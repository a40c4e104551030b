package dev.thaw.linux;

import com.sun.jna.Pointer;

/**
 * Tries system calls to learn whether this kernel and these rights allow them. Each method tries
 * one, leaves nothing behind, and returns 0 or the errno.
 */
public final class KernelProbe {
  private static final long SYS_OPEN = 2;
  private static final long SYS_IOCTL = 16;
  private static final long SYS_SOCKET = 41;
  private static final long SYS_SETSOCKOPT = 54;
  private static final long SYS_PTRACE = 101;
  private static final long SYS_PRCTL = 157;
  private static final long SYS_GET_ROBUST_LIST = 274;
  private static final long SYS_PROCESS_VM_READV = 310;
  private static final long SYS_KCMP = 312;
  private static final long SYS_MEMFD_CREATE = 319;
  private static final long SYS_PIDFD_OPEN = 434;
  private static final long SYS_CLONE3 = 435;
  private static final long SYS_PIDFD_GETFD = 438;

  private static final int CLONE_ARGS_BYTES = 88;
  private static final int CLONE_ARGS_EXIT_SIGNAL = 32;
  private static final int CLONE_ARGS_SET_TID = 64;
  private static final int CLONE_ARGS_SET_TID_SIZE = 72;
  private static final int SIGCHLD = 17;
  private static final int PTRACE_SEIZE = 0x4206;
  private static final int PR_SET_MM = 35;
  private static final int PR_SET_MM_MAP_SIZE = 15;
  private static final int PR_TIMER_CREATE_RESTORE_IDS = 77;
  private static final int PR_TIMER_CREATE_RESTORE_IDS_GET = 2;
  private static final int MFD_CLOEXEC_ALLOW_SEALING = 3;

  // linux/fs.h: _IOWR('f', 16, struct pm_scan_arg)
  private static final long PAGEMAP_SCAN = 0xC0606610L;
  private static final int PM_SCAN_ARG_BYTES = 96;
  private static final int PAGE_BYTES = 4096;

  private KernelProbe() {}

  /**
   * clone3(2) with {@code set_tid}, asking for a pid that is taken: the kernel checks the right
   * first, so {@code EEXIST} says that it is there. No process is ever made.
   */
  public static int cloneWithPid(int takenPid) {
    try (Scratch args = Scratch.of(CLONE_ARGS_BYTES);
        Scratch tid = Scratch.of(4)) {
      args.clear();
      tid.setInt(0, takenPid);
      args.setLong(CLONE_ARGS_EXIT_SIGNAL, SIGCHLD);
      args.setLong(CLONE_ARGS_SET_TID, Pointer.nativeValue(tid));
      args.setLong(CLONE_ARGS_SET_TID_SIZE, 1);
      int errno = attempt(SYS_CLONE3, Pointer.nativeValue(args), CLONE_ARGS_BYTES);
      return errno == Errno.EEXIST.code() ? 0 : errno;
    }
  }

  /** ptrace(PTRACE_SEIZE); undone when the calling thread ends. */
  public static int seize(int pid) {
    return attempt(SYS_PTRACE, PTRACE_SEIZE, pid, 0, 0);
  }

  /** pidfd_open(2), then pidfd_getfd(2) of descriptor {@code number} of {@code pid}. */
  public static int takeDescriptor(int pid, int number) {
    long pidfd = LibC.syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0, 0, 0);
    if (pidfd < 0) {
      return LibC.errno();
    }
    try (Fd owner = new Fd((int) pidfd)) {
      return attemptFd(SYS_PIDFD_GETFD, owner.number(), number);
    }
  }

  /** process_vm_readv(2) of 8 bytes. */
  public static int readMemory(int pid, long address) {
    try (Scratch buffer = Scratch.of(8);
        Scratch local = Scratch.of(16);
        Scratch remote = Scratch.of(16)) {
      local.setLong(0, Pointer.nativeValue(buffer));
      local.setLong(8, 8);
      remote.setLong(0, address);
      remote.setLong(8, 8);
      return attempt(
          SYS_PROCESS_VM_READV, pid, Pointer.nativeValue(local), 1, Pointer.nativeValue(remote), 1);
    }
  }

  /** kcmp(2) of descriptor 0 of both processes. */
  public static int compareDescriptors(int pid, int otherPid) {
    return attempt(SYS_KCMP, pid, otherPid, 0, 0, 0);
  }

  /** ioctl(PAGEMAP_SCAN) over the first page of the address space, Linux 6.7. */
  public static int pagemapScan(int pid) {
    try (Scratch path = Scratch.of(64);
        Scratch arg = Scratch.of(PM_SCAN_ARG_BYTES)) {
      path.setString(0, "/proc/" + pid + "/pagemap");
      long file = LibC.syscall(SYS_OPEN, Pointer.nativeValue(path), 0, 0, 0, 0, 0);
      if (file < 0) {
        return LibC.errno();
      }
      try (Fd owner = new Fd((int) file)) {
        arg.clear();
        arg.setLong(0, PM_SCAN_ARG_BYTES);
        arg.setLong(24, PAGE_BYTES); // end; start is 0
        return attempt(SYS_IOCTL, owner.number(), PAGEMAP_SCAN, Pointer.nativeValue(arg));
      }
    }
  }

  /** get_robust_list(2) of another process. */
  public static int robustList(int pid) {
    try (Scratch head = Scratch.of(8);
        Scratch length = Scratch.of(8)) {
      return attempt(
          SYS_GET_ROBUST_LIST, pid, Pointer.nativeValue(head), Pointer.nativeValue(length));
    }
  }

  /** memfd_create(2) with sealing allowed. */
  public static int memfd() {
    try (Scratch name = Scratch.of(8)) {
      name.setString(0, "probe");
      return attemptFd(SYS_MEMFD_CREATE, Pointer.nativeValue(name), MFD_CLOEXEC_ALLOW_SEALING);
    }
  }

  /** prctl(PR_SET_MM_MAP_SIZE): whether PR_SET_MM_MAP is compiled in. */
  public static int setMmMap() {
    try (Scratch size = Scratch.of(8)) {
      return attempt(SYS_PRCTL, PR_SET_MM, PR_SET_MM_MAP_SIZE, Pointer.nativeValue(size), 0, 0);
    }
  }

  /** prctl(PR_TIMER_CREATE_RESTORE_IDS, GET), Linux 6.15. */
  public static int timerIds() {
    return attempt(
        SYS_PRCTL, PR_TIMER_CREATE_RESTORE_IDS, PR_TIMER_CREATE_RESTORE_IDS_GET, 0, 0, 0);
  }

  /** setsockopt(TCP_REPAIR) on a new socket. */
  public static int tcpRepair() {
    final int afInet = 2;
    final int sockStream = 1;
    final int ipprotoTcp = 6;
    final int tcpRepair = 19;
    long socket = LibC.syscall(SYS_SOCKET, afInet, sockStream, 0, 0, 0, 0);
    if (socket < 0) {
      return LibC.errno();
    }
    try (Fd owner = new Fd((int) socket);
        Scratch on = Scratch.of(4)) {
      on.setInt(0, 1);
      long value = Pointer.nativeValue(on);
      return attempt(SYS_SETSOCKOPT, owner.number(), ipprotoTcp, tcpRepair, value, 4);
    }
  }

  private static int attempt(long nr, long... args) {
    return call(nr, args) < 0 ? LibC.errno() : 0;
  }

  /** As {@link #attempt} for a call that makes a descriptor, which is closed at once. */
  private static int attemptFd(long nr, long... args) {
    long fd = call(nr, args);
    if (fd < 0) {
      return LibC.errno();
    }
    LibC.close((int) fd);
    return 0;
  }

  private static long call(long nr, long... args) {
    long[] a = java.util.Arrays.copyOf(args, 6);
    return LibC.syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
}
