package dev.thaw.restore;

import dev.thaw.image.Addr;
import dev.thaw.image.Credentials;
import dev.thaw.image.SignalInfo;
import dev.thaw.image.ThreadImage;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Compiles what each thread does for itself. */
final class ThreadPrograms {
  /** CLONE_VM | FS | FILES | SIGHAND | THREAD | SYSVSEM. */
  private static final long THREAD_FLAGS = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000;

  private static final int CLONE_ARGS_BYTES = 88;
  private static final int PR_SET_PDEATHSIG = 1;
  private static final int PR_SET_DUMPABLE = 4;
  private static final int PR_SET_NAME = 15;
  private static final int PR_SET_TIMERSLACK = 29;
  private static final int PR_SET_SECUREBITS = 28;
  private static final int PR_CAPBSET_DROP = 24;
  private static final int PR_CAPBSET_READ = 23;
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int PR_CAP_AMBIENT = 47;
  private static final int PR_CAP_AMBIENT_RAISE = 2;
  private static final int PR_CAP_AMBIENT_CLEAR_ALL = 4;
  private static final int SECBIT_NO_SETUID_FIXUP = 1 << 2;
  private static final int SECBIT_KEEP_CAPS = 1 << 4;
  private static final int CAPABILITY_VERSION_3 = 0x20080522;
  private static final int CAPABILITIES = 41;
  private static final int ROBUST_HEAD_BYTES = 24;
  private static final int AF_UNIX = 1;
  private static final int SOCK_SEQPACKET = 5;
  private static final int O_CLOEXEC = 02000000;
  private static final int SS_ONSTACK = 1;
  private static final int PRIO_PROCESS = 0;
  private static final int PR_MCE_KILL = 33;
  private static final int PR_MCE_KILL_SET = 1;
  private static final int PR_MCE_KILL_DEFAULT = 2;

  private ThreadPrograms() {}

  /**
   * How a leader makes the further threads, which then wait to be driven.
   *
   * @param threads in the order in which the program makes them
   * @param firstThreadFd the descriptor of the first thread's blob; the other threads' follow it,
   *     and then the driver's ends, in the same order
   */
  record Birth(List<ThreadImage> threads, Program program, int firstThreadFd) {
    int firstDriverFd() {
      return firstThreadFd + threads.size();
    }

    int lastDriverFd() {
      return firstDriverFd() + threads.size() - 1;
    }
  }

  /**
   * Compiles the birth of {@code threads}.
   *
   * @param firstFd no descriptor of the process has this number or a greater one
   */
  static Birth birth(List<ThreadImage> threads, int firstFd) {
    Program.Builder b = Program.builder("threads");
    Program.Data pair = b.zeroed(8);
    for (int i = 0; i < threads.size(); i++) {
      int tid = threads.get(i).tid();
      b.call(Syscalls.SOCKETPAIR, AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC, 0, pair);
      lift(b, pair.word32(0), firstFd + i);
      lift(b, pair.word32(4), firstFd + threads.size() + i);
      Program.Data number = b.data(SkeletonPrograms.intBytes(tid));
      Program.Data args =
          b.data(SkeletonPrograms.cloneArgs(new byte[CLONE_ARGS_BYTES], THREAD_FLAGS, 0));
      b.pointer(args.plus(64), number);
      b.note("thread " + tid);
      b.callOk(Program.Success.exactly(tid), Syscalls.CLONE3, args, CLONE_ARGS_BYTES);
    }
    return new Birth(threads, b.build(), firstFd);
  }

  private static void lift(Program.Builder b, Program.Word32 from, int to) {
    b.call(Syscalls.DUP3, from, to, O_CLOEXEC);
    b.call(Syscalls.CLOSE, from);
  }

  /** Name, lists, stacks, scheduling, queued signals and, last, credentials. */
  static Program attributes(ThreadImage thread, int dumpable, boolean noNewPrivileges) {
    Program.Builder b = Program.builder("thread " + thread.tid());
    b.call(Syscalls.PRCTL, PR_SET_NAME, b.cstring(thread.name()), 0, 0, 0);
    b.call(Syscalls.SET_TID_ADDRESS, thread.clearChildTid().value());
    b.call(Syscalls.SET_ROBUST_LIST, thread.robustList().value(), ROBUST_HEAD_BYTES);
    ThreadImage.Rseq rseq = thread.rseq();
    if (rseq.pointer().value() != 0) {
      b.call(Syscalls.RSEQ, rseq.pointer().value(), rseq.bytes(), rseq.flags(), rseq.signature());
    }
    ThreadImage.AlternateStack stack = thread.alternateStack();
    ByteBuffer stackT = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    stackT.putLong(0, stack.base().value());
    stackT.putInt(8, stack.flags() & ~SS_ONSTACK);
    stackT.putLong(16, stack.bytes());
    b.call(Syscalls.SIGALTSTACK, b.data(stackT.array()), 0);
    scheduling(b, thread);
    Program.Arg pid = b.call(Syscalls.GETPID);
    Program.Arg tid = b.call(Syscalls.GETTID);
    for (SignalInfo info : thread.pending()) {
      b.call(Syscalls.RT_TGSIGQUEUEINFO, pid, tid, info.signal(), b.data(info.info()));
    }
    credentials(b, thread.credentials());
    b.call(Syscalls.PRCTL, PR_SET_PDEATHSIG, thread.parentDeathSignal(), 0, 0, 0);
    if (dumpable < 2) {
      b.call(Syscalls.PRCTL, PR_SET_DUMPABLE, dumpable, 0, 0, 0);
    }
    if (noNewPrivileges) {
      b.call(Syscalls.PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    }
    return b.build();
  }

  private static void scheduling(Program.Builder b, ThreadImage thread) {
    ThreadImage.Scheduling scheduling = thread.scheduling();
    b.call(Syscalls.PRCTL, PR_SET_TIMERSLACK, thread.timerSlackNanos(), 0, 0, 0);
    if (thread.machineCheckPolicy() != PR_MCE_KILL_DEFAULT) {
      b.call(Syscalls.PRCTL, PR_MCE_KILL, PR_MCE_KILL_SET, thread.machineCheckPolicy(), 0, 0);
    }
    if (scheduling.policy() != 0 || scheduling.priority() != 0) {
      b.call(
          Syscalls.SCHED_SETSCHEDULER,
          0,
          scheduling.policy(),
          b.data(SkeletonPrograms.intBytes(scheduling.priority())));
    }
    b.call(Syscalls.SETPRIORITY, PRIO_PROCESS, 0, scheduling.nice());
    long[] cpus = thread.affinity().stream().mapToLong(Addr::value).toArray();
    b.call(Syscalls.SCHED_SETAFFINITY, 0, cpus.length * 8, b.data(MemoryPrograms.words(cpus)));
  }

  /**
   * Credentials, in the order that capabilities(7) asks for: keep the capabilities over the change
   * of uid, then drop them.
   */
  private static void credentials(Program.Builder b, Credentials c) {
    b.call(Syscalls.PRCTL, PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_NO_SETUID_FIXUP);
    ByteBuffer groups =
        ByteBuffer.allocate(8 + 4 * c.groups().size()).order(ByteOrder.LITTLE_ENDIAN);
    c.groups().forEach(groups::putInt);
    b.call(Syscalls.SETGROUPS, c.groups().size(), b.data(groups.array()));
    b.call(Syscalls.SETRESGID, c.gid(), c.egid(), c.sgid());
    b.call(Syscalls.SETFSGID, c.fsgid());
    b.call(Syscalls.SETRESUID, c.uid(), c.euid(), c.suid());
    b.call(Syscalls.SETFSUID, c.fsuid());
    for (int capability = 0; capability < CAPABILITIES; capability++) {
      if ((c.bounding().value() >>> capability & 1) == 0) {
        b.call(Syscalls.PRCTL, PR_CAPBSET_DROP, capability, 0, 0, 0);
      } else {
        b.callOk(Program.Success.exactly(1), Syscalls.PRCTL, PR_CAPBSET_READ, capability, 0, 0, 0);
      }
    }
    b.call(Syscalls.PRCTL, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    b.call(Syscalls.PRCTL, PR_SET_SECUREBITS, c.securebits());
    capset(b, c);
    for (int capability : bits(c.ambient().value())) {
      b.call(Syscalls.PRCTL, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
    }
  }

  private static void capset(Program.Builder b, Credentials c) {
    ByteBuffer header = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(CAPABILITY_VERSION_3);
    ByteBuffer data = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    for (int half = 0; half < 2; half++) {
      data.putInt((int) (c.effective().value() >>> 32 * half));
      data.putInt((int) (c.permitted().value() >>> 32 * half));
      data.putInt((int) (c.inheritable().value() >>> 32 * half));
    }
    b.call(Syscalls.CAPSET, b.data(header.array()), b.data(data.array()));
  }

  private static List<Integer> bits(long mask) {
    return java.util.stream.IntStream.range(0, 64)
        .filter(i -> (mask >>> i & 1) != 0)
        .boxed()
        .toList();
  }
}
