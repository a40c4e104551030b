package dev.thaw.remote;

import dev.thaw.linux.Errno;
import dev.thaw.linux.ProcessVm;
import dev.thaw.linux.Ptrace;
import dev.thaw.linux.SyscallException;
import dev.thaw.linux.WaitStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One traced thread. All methods run on the thread that seized it (see {@link TracerThread}).
 *
 * <p>Signals that arrive while it is awaited are delivered, never lost. When the tracer dies the
 * kernel detaches it and it runs on with the registers it has then.
 */
public final class Tracee {
  /** Tasks that a tracee makes are traced from birth; system-call stops are told from signals. */
  public static final int FOLLOW =
      Ptrace.O_TRACESYSGOOD
          | Ptrace.O_TRACEFORK
          | Ptrace.O_TRACEVFORK
          | Ptrace.O_TRACECLONE
          | Ptrace.O_TRACEEXEC;

  /** As {@link #FOLLOW}, and the tracee dies with its tracer: for tasks under construction. */
  public static final int FOLLOW_OR_DIE = FOLLOW | Ptrace.O_EXITKILL;

  private static final int RSEQ_CS_OFFSET = 8;

  /** A blob without a driver is gone in microseconds, unless the program it runs takes long. */
  private static final Duration RESIDUE_LIMIT = Duration.ofSeconds(8);

  private final int tid;
  private final List<Tracee> born = new ArrayList<>();
  private boolean groupStopped;

  private Tracee(int tid) {
    this.tid = tid;
  }

  /** Becomes the tracer of {@code tid}, which runs on. */
  public static Tracee seize(int tid, int options) throws RemoteException {
    try {
      Ptrace.seize(tid, options);
    } catch (SyscallException e) {
      if (e.errno() == Errno.ESRCH) {
        throw new TaskGoneException(tid, "exited before it could be traced");
      }
      throw new RemoteException(tid, "can not be traced: " + e.getMessage(), e.code(), e);
    }
    return new Tracee(tid);
  }

  /** A task that the kernel attached by itself, as the child of a tracee. */
  public static Tracee attached(int tid) {
    return new Tracee(tid);
  }

  /** The thread's id in the tracer's pid namespace. */
  public int tid() {
    return tid;
  }

  /** Asks it to stop; {@link #awaitStop} waits for it. */
  public void interrupt() throws RemoteException {
    attempt(() -> Ptrace.interrupt(tid));
  }

  /**
   * Waits until it is in PTRACE_EVENT_STOP. Whatever it reports before is dealt with: a signal is
   * delivered, a new task of it is kept for {@link #takeBorn}.
   *
   * @throws TaskGoneException where it exits meanwhile
   * @throws RemoteException where it does not stop in time: it sits in a kernel call that signals
   *     do not end (vfork, a page fault that nobody answers)
   */
  public void awaitStop(Duration limit) throws RemoteException {
    Deadline deadline = Deadline.in(limit);
    while (true) {
      Optional<WaitStatus> status = poll();
      if (status.isPresent() && status.get().eventStop()) {
        return;
      }
      if (status.isPresent()) {
        interrupt(); // any other stop has used up the one that was asked for
        resumeAfter(status.get(), false);
      } else if (deadline.passed()) {
        throw new RemoteException(
            tid, "thread " + tid + " did not stop within " + limit + whereItIs());
      } else {
        deadline.pause();
      }
    }
  }

  /** Interrupts and waits. */
  public void stop(Duration limit) throws RemoteException {
    interrupt();
    awaitStop(limit);
  }

  /** Whether the stop found it in a group stop (SIGSTOP, SIGTSTP …): it stays so after detach. */
  public boolean groupStopped() {
    return groupStopped;
  }

  /** Runs it until it enters, or returns from, its next system call. */
  void runToSyscallStop(Duration limit) throws RemoteException {
    attempt(() -> Ptrace.contToSyscall(tid, 0));
    Deadline deadline = Deadline.in(limit);
    while (true) {
      Optional<WaitStatus> status = poll();
      if (status.isPresent() && status.get().syscallStop()) {
        return;
      }
      if (status.isPresent()) {
        resumeAfter(status.get(), true);
      } else if (deadline.passed()) {
        throw new RemoteException(
            tid, "an injected call did not end within " + limit + whereItIs());
      } else {
        deadline.pause();
      }
    }
  }

  /** Looks whether it stopped while it should run, and lets it go on; gone is an exception. */
  void keepRunning() throws RemoteException {
    Optional<WaitStatus> status = poll();
    while (status.isPresent()) {
      resumeAfter(status.get(), false);
      status = poll();
    }
  }

  /**
   * For messages: waits for the end of one that is going, and tells what came before it, as {@code
   * ": stopped, signal 11; killed by signal 11"}.
   */
  String howItEnds(Duration limit) throws RemoteException {
    StringBuilder how = new StringBuilder();
    Deadline deadline = Deadline.in(limit);
    while (!deadline.passed()) {
      try {
        Optional<WaitStatus> status = poll();
        if (status.isPresent()) {
          how.append(how.length() == 0 ? ": " : "; ").append(status.get());
          resumeAfter(status.get(), false);
        } else {
          deadline.pause();
        }
      } catch (TaskGoneException e) {
        return how.append(how.length() == 0 ? ": " : "; ").append(e.getMessage()).toString();
      }
    }
    return how.toString();
  }

  private Optional<WaitStatus> poll() throws RemoteException {
    Optional<WaitStatus> status;
    try {
      status = WaitStatus.of(tid, false);
    } catch (SyscallException e) {
      if (e.errno() == Errno.ECHILD) {
        throw new TaskGoneException(tid, "is gone");
      }
      throw new RemoteException(tid, e.getMessage(), e.code(), e);
    }
    if (status.isPresent() && !status.get().stopped()) {
      throw new TaskGoneException(tid, status.get().toString());
    }
    status.ifPresent(
        found -> groupStopped = found.eventStop() && found.signal() != WaitStatus.SIGTRAP);
    return status;
  }

  private void resumeAfter(WaitStatus status, boolean toSyscall) throws RemoteException {
    int event = status.event();
    if (event == WaitStatus.EVENT_CLONE
        || event == WaitStatus.EVENT_FORK
        || event == WaitStatus.EVENT_VFORK) {
      long[] message = new long[1];
      attempt(() -> message[0] = Ptrace.eventMessage(tid));
      born.add(attached((int) message[0]));
    }
    int signal = status.signalStop() ? status.signal() : 0;
    attempt(
        () -> {
          if (toSyscall) {
            Ptrace.contToSyscall(tid, signal);
          } else {
            Ptrace.cont(tid, signal);
          }
        });
  }

  /** The tasks it made since the last call of this; each is attached and stops by itself. */
  public List<Tracee> takeBorn() {
    List<Tracee> taken = List.copyOf(born);
    born.clear();
    return taken;
  }

  /** Lets it run on from a stop, still traced. */
  public void resume() throws RemoteException {
    attempt(() -> Ptrace.cont(tid, 0));
  }

  /** Ends tracing from a stop; it runs on. */
  public void detach() throws RemoteException {
    attempt(() -> Ptrace.detach(tid, 0));
  }

  public Registers registers() throws RemoteException {
    long[][] values = new long[1][];
    attempt(() -> values[0] = Ptrace.registers(tid));
    return Registers.of(values[0]);
  }

  public void setRegisters(Registers registers) throws RemoteException {
    attempt(() -> Ptrace.setRegisters(tid, registers.toArray()));
  }

  /** x87, SSE, AVX and further state, as xsave lays it out. */
  public byte[] xstate() throws RemoteException {
    byte[][] state = new byte[1][];
    attempt(() -> state[0] = Ptrace.xstate(tid));
    return state[0];
  }

  public void setXstate(byte[] state) throws RemoteException {
    attempt(() -> Ptrace.setXstate(tid, state));
  }

  /** The blocked signals, bit n-1 for signal n; in sigsuspend(2) and its like, the caller's own. */
  public long signalMask() throws RemoteException {
    long[] mask = new long[1];
    attempt(() -> mask[0] = Ptrace.signalMask(tid));
    return mask[0];
  }

  public void setSignalMask(long blocked) throws RemoteException {
    attempt(() -> Ptrace.setSignalMask(tid, blocked));
  }

  /**
   * Pending signals: siginfo_t records of 128 bytes.
   *
   * @param shared those of the process rather than of this thread
   */
  public List<byte[]> pendingSignals(boolean shared) throws RemoteException {
    List<byte[]> infos = new ArrayList<>();
    byte[][] chunk = new byte[1][];
    do {
      int first = infos.size();
      attempt(() -> chunk[0] = Ptrace.pendingSignals(tid, first, shared, 32));
      for (int at = 0; at < chunk[0].length; at += 128) {
        infos.add(java.util.Arrays.copyOfRange(chunk[0], at, at + 128));
      }
    } while (chunk[0].length > 0);
    return infos;
  }

  public Optional<Ptrace.RseqConfiguration> rseq() throws RemoteException {
    List<Optional<Ptrace.RseqConfiguration>> found = new ArrayList<>();
    attempt(() -> found.add(Ptrace.rseq(tid)));
    return found.get(0);
  }

  boolean dispatchesSyscalls() throws RemoteException {
    boolean[] on = new boolean[1];
    attempt(() -> on[0] = Ptrace.dispatchesSyscalls(tid));
    return on[0];
  }

  /**
   * Undoes what the stop itself did to the thread: call it once after {@link #awaitStop}, before
   * the registers are read for good. An interrupted restartable sequence is sent to its abort
   * handler; a call that the stop ended with EINTR though no signal is due is made again where it
   * has no time limit ({@code epoll_wait(…, -1)}).
   */
  public void settle() throws RemoteException {
    abortRestartableSequence();
    Registers registers = registers();
    if (InterruptedCalls.canBeMadeAgain(registers) && !signalIsDue()) {
      setRegisters(InterruptedCalls.madeAgain(registers));
    }
  }

  private boolean signalIsDue() throws RemoteException {
    long pending = 0;
    long blocked = 0;
    try {
      for (String line : Files.readAllLines(Path.of("/proc/" + tid + "/status"))) {
        if (line.startsWith("SigPnd:") || line.startsWith("ShdPnd:")) {
          pending |= Long.parseUnsignedLong(line.substring(7).strip(), 16);
        } else if (line.startsWith("SigBlk:")) {
          blocked = Long.parseUnsignedLong(line.substring(7).strip(), 16);
        }
      }
    } catch (IOException e) {
      throw new RemoteException(tid, "reading its status: " + e.getMessage(), e);
    }
    return (pending & ~blocked) != 0;
  }

  /**
   * Ends a restartable sequence (rseq(2)) that the stop interrupted, as the kernel does at every
   * preemption: the thread goes on at the abort handler. Needed before its registers are used for
   * anything else, since the kernel then no longer sees that the sequence was interrupted.
   */
  private void abortRestartableSequence() throws RemoteException {
    Optional<Ptrace.RseqConfiguration> rseq = rseq();
    if (rseq.isEmpty()) {
      return;
    }
    long slot = rseq.get().address() + RSEQ_CS_OFFSET;
    try {
      long descriptor = longs(ProcessVm.read(tid, slot, 8)).getLong();
      if (descriptor == 0) {
        return;
      }
      ByteBuffer sequence = longs(ProcessVm.read(tid, descriptor, 32));
      long offset = registers().get(Reg.RIP) - sequence.getLong(8);
      if (Long.compareUnsigned(offset, sequence.getLong(16)) < 0) {
        setRegisters(registers().with(Reg.RIP, sequence.getLong(24)));
      }
      ProcessVm.write(tid, slot, new byte[8]);
    } catch (SyscallException e) {
      throw new RemoteException(tid, "rseq area: " + e.getMessage(), e.code(), e);
    }
  }

  private static ByteBuffer longs(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** For messages: the kernel's state letter and the system call it is in. */
  private String whereItIs() {
    try {
      String stat = Files.readString(Path.of("/proc/" + tid + "/stat"));
      String call = Files.readString(Path.of("/proc/" + tid + "/syscall")).strip();
      String nr = call.split(" ")[0];
      String name =
          nr.matches("\\d+") ? Syscalls.name(Long.parseLong(nr)) + "(2)" : "no system call";
      return ": state " + stat.charAt(stat.lastIndexOf(')') + 2) + ", in " + name;
    } catch (IOException e) {
      return "";
    }
  }

  private interface Request {
    void make() throws SyscallException;
  }

  private void attempt(Request request) throws RemoteException {
    try {
      request.make();
    } catch (SyscallException e) {
      if (e.errno() == Errno.ESRCH) {
        throw new TaskGoneException(tid, "was killed, or is not stopped: " + e.getMessage());
      }
      throw new RemoteException(tid, e.getMessage(), e.code(), e);
    }
  }

  @Override
  public String toString() {
    return "thread " + tid;
  }
}
