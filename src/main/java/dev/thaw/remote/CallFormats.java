package dev.thaw.remote;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The arguments of the system calls that programs use, for printing; others print as numbers. */
final class CallFormats {
  private static final Map<String, ArgFormat> FORMATS = new HashMap<>();
  private static final Map<Long, List<ArgFormat>> CALLS = new HashMap<>();

  static {
    FORMATS.put("n", ArgFormat.NUMBER);
    FORMATS.put("d", ArgFormat.decimal());
    FORMATS.put("o", ArgFormat.octal());
    FORMATS.put("x", ArgFormat.hex());
    FORMATS.put("path", ArgFormat.path());
    FORMATS.put("dir", ArgFormat.directory());
    flags(
        "open",
        3,
        "O_RDONLY",
        "0=O_RDONLY 1=O_WRONLY 2=O_RDWR 0100=O_CREAT 0200=O_EXCL 0400=O_NOCTTY 01000=O_TRUNC "
            + "02000=O_APPEND 04000=O_NONBLOCK 010000=O_DSYNC 020000=O_ASYNC 040000=O_DIRECT "
            + "0100000=O_LARGEFILE 0200000=O_DIRECTORY 0400000=O_NOFOLLOW 01000000=O_NOATIME "
            + "02000000=O_CLOEXEC 010000000=O_PATH");
    flags("fdflags", 0, "0", "02000=O_APPEND 04000=O_NONBLOCK 040000=O_DIRECT 02000000=O_CLOEXEC");
    flags("prot", 0, "PROT_NONE", "1=PROT_READ 2=PROT_WRITE 4=PROT_EXEC");
    flags(
        "map",
        3,
        "0",
        "1=MAP_SHARED 2=MAP_PRIVATE 3=MAP_SHARED_VALIDATE 0x10=MAP_FIXED 0x20=MAP_ANONYMOUS "
            + "0x100=MAP_GROWSDOWN 0x2000=MAP_LOCKED 0x4000=MAP_NORESERVE 0x8000=MAP_POPULATE "
            + "0x20000=MAP_STACK 0x40000=MAP_HUGETLB 0x100000=MAP_FIXED_NOREPLACE 8=MAP_DROPPABLE");
    flags("remap", 0, "0", "1=MREMAP_MAYMOVE 2=MREMAP_FIXED 4=MREMAP_DONTUNMAP");
    flags(
        "advice",
        -1,
        "MADV_NORMAL",
        "4=MADV_DONTNEED 8=MADV_FREE 9=MADV_REMOVE 10=MADV_DONTFORK 11=MADV_DOFORK "
            + "12=MADV_MERGEABLE 14=MADV_HUGEPAGE 15=MADV_NOHUGEPAGE 16=MADV_DONTDUMP "
            + "17=MADV_DODUMP 18=MADV_WIPEONFORK 22=MADV_POPULATE_READ 23=MADV_POPULATE_WRITE "
            + "102=MADV_GUARD_INSTALL 103=MADV_GUARD_REMOVE");
    flags(
        "ioctl",
        -1,
        "0",
        "0xaa00=UFFDIO_NEW 0xc018aa3f=UFFDIO_API 0xc020aa00=UFFDIO_REGISTER "
            + "0x8010aa01=UFFDIO_UNREGISTER 0x8010aa02=UFFDIO_WAKE 0xc028aa03=UFFDIO_COPY "
            + "0xc020aa04=UFFDIO_ZEROPAGE 0xc020aa07=UFFDIO_CONTINUE 0x5413=TIOCGWINSZ "
            + "0x5421=FIONBIO 0x541b=FIONREAD 0x5410=TIOCSPGRP 0x540e=TIOCSCTTY");
    flags(
        "prctl",
        -1,
        "0",
        "1=PR_SET_PDEATHSIG 4=PR_SET_DUMPABLE 8=PR_SET_KEEPCAPS 15=PR_SET_NAME "
            + "23=PR_CAPBSET_READ 24=PR_CAPBSET_DROP 28=PR_SET_SECUREBITS 29=PR_SET_TIMERSLACK 33=PR_MCE_KILL 35=PR_SET_MM "
            + "36=PR_SET_CHILD_SUBREAPER 38=PR_SET_NO_NEW_PRIVS 41=PR_SET_THP_DISABLE "
            + "47=PR_CAP_AMBIENT 77=PR_TIMER_CREATE_RESTORE_IDS");
    flags(
        "arch",
        -1,
        "0",
        "0x1001=ARCH_SET_GS 0x1002=ARCH_SET_FS 0x1003=ARCH_GET_FS "
            + "0x1004=ARCH_GET_GS 0x2003=ARCH_MAP_VDSO_64");
    flags(
        "fcntl",
        -1,
        "F_DUPFD",
        "1=F_GETFD 2=F_SETFD 3=F_GETFL 4=F_SETFL 6=F_SETLK 7=F_SETLKW "
            + "8=F_SETOWN 10=F_SETSIG 15=F_SETOWN_EX 16=F_GETOWN_EX 1030=F_DUPFD_CLOEXEC "
            + "1031=F_SETPIPE_SZ 1032=F_GETPIPE_SZ 1033=F_ADD_SEALS 1034=F_GET_SEALS 37=F_OFD_SETLK "
            + "1024=F_SETLEASE");
    flags("whence", -1, "SEEK_SET", "1=SEEK_CUR 2=SEEK_END");
    flags("how", -1, "SIG_BLOCK", "1=SIG_UNBLOCK 2=SIG_SETMASK");
    flags("family", -1, "AF_UNSPEC", "1=AF_UNIX 2=AF_INET 10=AF_INET6 16=AF_NETLINK 17=AF_PACKET");
    flags(
        "socktype",
        0xf,
        "0",
        "1=SOCK_STREAM 2=SOCK_DGRAM 3=SOCK_RAW 5=SOCK_SEQPACKET "
            + "04000=SOCK_NONBLOCK 02000000=SOCK_CLOEXEC");
    flags("level", -1, "SOL_IP", "1=SOL_SOCKET 6=SOL_TCP 17=SOL_UDP 41=SOL_IPV6");
    flags("epoll", -1, "0", "1=EPOLL_CTL_ADD 2=EPOLL_CTL_DEL 3=EPOLL_CTL_MOD");
    flags(
        "clock",
        -1,
        "CLOCK_REALTIME",
        "1=CLOCK_MONOTONIC 7=CLOCK_BOOTTIME 8=CLOCK_REALTIME_ALARM "
            + "9=CLOCK_BOOTTIME_ALARM 11=CLOCK_TAI 2=CLOCK_PROCESS_CPUTIME_ID 3=CLOCK_THREAD_CPUTIME_ID");
    flags("itimer", -1, "ITIMER_REAL", "1=ITIMER_VIRTUAL 2=ITIMER_PROF");
    flags(
        "memfd",
        0,
        "0",
        "1=MFD_CLOEXEC 2=MFD_ALLOW_SEALING 4=MFD_HUGETLB 8=MFD_NOEXEC_SEAL 16=MFD_EXEC");
    flags(
        "clone",
        0,
        "0",
        "0x100=CLONE_VM 0x200=CLONE_FS 0x400=CLONE_FILES 0x800=CLONE_SIGHAND "
            + "0x4000=CLONE_VFORK 0x8000=CLONE_PARENT 0x10000=CLONE_THREAD 0x40000=CLONE_SYSVSEM "
            + "0x80000=CLONE_SETTLS 0x100000=CLONE_PARENT_SETTID 0x200000=CLONE_CHILD_CLEARTID "
            + "0x1000000=CLONE_CHILD_SETTID 0x11=SIGCHLD");
    FORMATS.put("cloneargs", ArgFormat.cloneArgs(FORMATS.get("clone")));
    struct("sigaction", "sa_handler sa_flags sa_restorer sa_mask");
    struct("rlimit", "rlim_cur rlim_max");
    struct("itimer_value", "interval_sec interval_usec value_sec value_usec");
    struct("timer_value", "interval_sec interval_nsec value_sec value_nsec");
    struct("uffd_api", "api features");
    struct("uffd_range", "start len mode");
    CallTable.addTo(CallFormats::call);
  }

  /** What the third argument of ioctl(2) is, by the second. */
  private static final Map<Long, ArgFormat> REQUESTS =
      Map.of(0xc018aa3fL, FORMATS.get("uffd_api"), 0xc020aa00L, FORMATS.get("uffd_range"));

  private CallFormats() {}

  static List<ArgFormat> of(Program.Op op) {
    List<ArgFormat> formats = CALLS.getOrDefault(op.nr(), List.of());
    if (op.nr() == Syscalls.IOCTL && op.args().get(1) instanceof Program.Const) {
      ArgFormat argument = REQUESTS.get(((Program.Const) op.args().get(1)).value());
      return argument == null ? formats : List.of(formats.get(0), formats.get(1), argument);
    }
    return formats;
  }

  private static void struct(String name, String fields) {
    FORMATS.put(name, ArgFormat.struct(List.of(fields.split(" "))));
  }

  private static void flags(String name, long fieldMask, String zero, String values) {
    Map<Long, String> names =
        Arrays.stream(values.split(" "))
            .map(entry -> entry.split("="))
            .collect(Collectors.toMap(part -> Long.decode(part[0]), part -> part[1]));
    names.putIfAbsent(0L, zero);
    FORMATS.put(name, ArgFormat.flags(names, fieldMask, zero));
  }

  private static void call(String line) {
    String[] words = line.split(" ");
    long nr = Syscalls.number(words[0]);
    if (nr < 0) {
      throw new AssertionError("no system call " + words[0]);
    }
    CALLS.put(
        nr,
        Arrays.stream(words)
            .skip(1)
            .map(
                word -> {
                  ArgFormat format = FORMATS.get(word);
                  if (format == null) {
                    throw new AssertionError("no format " + word);
                  }
                  return format;
                })
            .collect(Collectors.toUnmodifiableList()));
  }
}
