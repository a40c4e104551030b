package dev.thaw.linux;

import com.sun.jna.Pointer;
import java.util.Optional;

/**
 * ptrace(2): one method, one request. All calls for one tracee come from the thread that seized it;
 * from any other the kernel answers ESRCH.
 */
public final class Ptrace {
  // linux/ptrace.h
  private static final int CONT = 7;
  private static final int GETREGS = 12;
  private static final int SETREGS = 13;
  private static final int DETACH = 17;
  private static final int SYSCALL = 24;
  private static final int GETEVENTMSG = 0x4201;
  private static final int GETREGSET = 0x4204;
  private static final int SETREGSET = 0x4205;
  private static final int SEIZE = 0x4206;
  private static final int INTERRUPT = 0x4207;
  private static final int PEEKSIGINFO = 0x4209;
  private static final int GETSIGMASK = 0x420a;
  private static final int SETSIGMASK = 0x420b;
  private static final int GET_RSEQ_CONFIGURATION = 0x420f;
  private static final int GET_SYSCALL_USER_DISPATCH_CONFIG = 0x4211;

  public static final int O_TRACESYSGOOD = 1;
  public static final int O_TRACEFORK = 1 << 1;
  public static final int O_TRACEVFORK = 1 << 2;
  public static final int O_TRACECLONE = 1 << 3;
  public static final int O_TRACEEXEC = 1 << 4;
  public static final int O_EXITKILL = 1 << 20;

  /** linux/elf.h: the whole xsave area, its layout as the CPU's XCR0 says. */
  public static final int NT_X86_XSTATE = 0x202;

  /** Longs in {@code struct user_regs_struct}, in its order: r15 first, gs last. */
  public static final int USER_REGS = 27;

  private static final int LARGEST_XSTATE_BYTES = 64 * 1024;
  private static final int SIGINFO_BYTES = 128;
  private static final long NR_PTRACE = 101;

  private Ptrace() {}

  /** Becomes the tracer of {@code tid} without stopping it. */
  public static void seize(int tid, int options) throws SyscallException {
    call("PTRACE_SEIZE", SEIZE, tid, 0, options);
  }

  /** Makes {@code tid} stop; the stop is reported to wait4(2) as PTRACE_EVENT_STOP. */
  public static void interrupt(int tid) throws SyscallException {
    call("PTRACE_INTERRUPT", INTERRUPT, tid, 0, 0);
  }

  /**
   * @param signal delivered where the tracee is in a signal-delivery-stop; 0 delivers none
   */
  public static void cont(int tid, int signal) throws SyscallException {
    call("PTRACE_CONT", CONT, tid, 0, signal);
  }

  /** As {@link #cont}, and stops at the next entry to or return from a system call. */
  public static void contToSyscall(int tid, int signal) throws SyscallException {
    call("PTRACE_SYSCALL", SYSCALL, tid, 0, signal);
  }

  /** Lets {@code tid} run untraced. */
  public static void detach(int tid, int signal) throws SyscallException {
    call("PTRACE_DETACH", DETACH, tid, 0, signal);
  }

  /** What the last event stop is about: the new task's tid after clone, fork, vfork. */
  public static long eventMessage(int tid) throws SyscallException {
    try (Scratch message = Scratch.of(8)) {
      call("PTRACE_GETEVENTMSG", GETEVENTMSG, tid, 0, Pointer.nativeValue(message));
      return message.getLong(0);
    }
  }

  /** {@code struct user_regs_struct}. */
  public static long[] registers(int tid) throws SyscallException {
    try (Scratch regs = Scratch.of(USER_REGS * 8L)) {
      call("PTRACE_GETREGS", GETREGS, tid, 0, Pointer.nativeValue(regs));
      return regs.getLongArray(0, USER_REGS);
    }
  }

  /** Sets {@code struct user_regs_struct}. */
  public static void setRegisters(int tid, long[] values) throws SyscallException {
    try (Scratch regs = Scratch.of(USER_REGS * 8L)) {
      regs.write(0, values, 0, USER_REGS);
      call("PTRACE_SETREGS", SETREGS, tid, 0, Pointer.nativeValue(regs));
    }
  }

  /** x87, SSE, AVX and whatever else XCR0 has, in the layout of xsave. */
  public static byte[] xstate(int tid) throws SyscallException {
    try (Scratch state = Scratch.of(LARGEST_XSTATE_BYTES);
        Scratch iov = Scratch.of(16)) {
      iov.setPointer(0, state);
      iov.setLong(8, LARGEST_XSTATE_BYTES);
      call("PTRACE_GETREGSET", GETREGSET, tid, NT_X86_XSTATE, Pointer.nativeValue(iov));
      return state.getByteArray(0, (int) iov.getLong(8));
    }
  }

  /** Sets what {@link #xstate} read. */
  public static void setXstate(int tid, byte[] bytes) throws SyscallException {
    try (Scratch state = Scratch.of(bytes.length);
        Scratch iov = Scratch.of(16)) {
      state.write(0, bytes, 0, bytes.length);
      iov.setPointer(0, state);
      iov.setLong(8, bytes.length);
      call("PTRACE_SETREGSET", SETREGSET, tid, NT_X86_XSTATE, Pointer.nativeValue(iov));
    }
  }

  /** The blocked signals; bit n-1 is signal n. Inside sigsuspend(2), ppoll(2) …: the caller's. */
  public static long signalMask(int tid) throws SyscallException {
    try (Scratch mask = Scratch.of(8)) {
      call("PTRACE_GETSIGMASK", GETSIGMASK, tid, 8, Pointer.nativeValue(mask));
      return mask.getLong(0);
    }
  }

  public static void setSignalMask(int tid, long blocked) throws SyscallException {
    try (Scratch mask = Scratch.of(8)) {
      mask.setLong(0, blocked);
      call("PTRACE_SETSIGMASK", SETSIGMASK, tid, 8, Pointer.nativeValue(mask));
    }
  }

  /**
   * The siginfo_t records, 128 bytes each, of pending signals from number {@code first} on.
   *
   * @param shared the process's queue rather than the thread's
   * @param limit at most so many
   */
  public static byte[] pendingSignals(int tid, long first, boolean shared, int limit)
      throws SyscallException {
    try (Scratch args = Scratch.of(16);
        Scratch infos = Scratch.of((long) limit * SIGINFO_BYTES)) {
      args.setLong(0, first);
      args.setInt(8, shared ? 1 : 0);
      args.setInt(12, limit);
      long count =
          call(
              "PTRACE_PEEKSIGINFO",
              PEEKSIGINFO,
              tid,
              Pointer.nativeValue(args),
              Pointer.nativeValue(infos));
      return infos.getByteArray(0, (int) count * SIGINFO_BYTES);
    }
  }

  /** {@code struct ptrace_rseq_configuration}. */
  public record RseqConfiguration(long address, int sizeBytes, int signature, int flags) {}

  /**
   * The registered rseq area; empty where none is, or where the kernel (before 5.13) can not tell.
   */
  public static Optional<RseqConfiguration> rseq(int tid) throws SyscallException {
    try (Scratch conf = Scratch.of(24)) {
      long result = raw(GET_RSEQ_CONFIGURATION, tid, 24, Pointer.nativeValue(conf));
      if (result < 0) {
        int code = LibC.errno();
        if (Errno.of(code) == Errno.EIO) {
          return Optional.empty();
        }
        throw failed("PTRACE_GET_RSEQ_CONFIGURATION", tid, code);
      }
      var found =
          new RseqConfiguration(conf.getLong(0), conf.getInt(8), conf.getInt(12), conf.getInt(16));
      return found.address() == 0 ? Optional.empty() : Optional.of(found);
    }
  }

  /** Whether syscall user dispatch (prctl PR_SET_SYSCALL_USER_DISPATCH) is on. */
  public static boolean dispatchesSyscalls(int tid) throws SyscallException {
    try (Scratch conf = Scratch.of(32)) {
      long result = raw(GET_SYSCALL_USER_DISPATCH_CONFIG, tid, 32, Pointer.nativeValue(conf));
      if (result < 0) {
        int code = LibC.errno();
        if (Errno.of(code) == Errno.EIO) {
          return false; // the request came with Linux 6.4
        }
        throw failed("PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG", tid, code);
      }
      return conf.getLong(0) != 0;
    }
  }

  private static long call(String name, int request, int tid, long address, long data)
      throws SyscallException {
    long result = raw(request, tid, address, data);
    if (result < 0) {
      throw failed(name, tid, LibC.errno());
    }
    return result;
  }

  private static long raw(int request, int tid, long address, long data) {
    return LibC.syscall(NR_PTRACE, request, tid, address, data, 0, 0);
  }

  private static SyscallException failed(String name, int tid, int code) {
    return new SyscallException("ptrace(" + name + ", " + tid + ")", code);
  }
}
