package dev.thaw.remote;

import dev.thaw.linux.Fd;
import dev.thaw.linux.MessageSocket;
import dev.thaw.linux.PidFd;
import dev.thaw.linux.SyscallException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The blob in one thread of another process: runs programs there. All calls on the tracer thread.
 *
 * <p>{@link #inject} is for a living target and kill safe: at whatever instruction the driver dies,
 * the target closes the blob's descriptor, unmaps its area and goes on where it was, interrupted
 * system calls included. {@link FreshBlob} is for a task under construction, which dies with its
 * driver.
 *
 * <pre>
 *   driver                                   target
 *   program, data  --process_vm_writev--&gt;    area
 *   'R'            --socket-------------&gt;    blob: reads, makes the calls
 *   results        &lt;--process_vm_readv--     area
 *                  &lt;--socket------------     'D'
 * </pre>
 */
public final class RemoteProcess implements AutoCloseable {
  /** Room for a few thousand calls and their data. */
  public static final long DEFAULT_AREA_BYTES = 1 << 20;

  private static final long ALL_SIGNALS = -1L;

  private final Tracee thread;
  private final Area area;
  private final Area.Block block;
  private final Original original;
  private final int minFd;
  private MessageSocket socket;
  private boolean left;
  private int ownFd = -1;

  /** What a living target was before: null for a task under construction. */
  private record Original(Registers registers, long mask, Anchor anchor) {}

  private RemoteProcess(Tracee thread, Area area, Area.Block block, Original original, int minFd) {
    this.thread = thread;
    this.area = area;
    this.block = block;
    this.original = original;
    this.minFd = minFd;
  }

  /**
   * Puts the blob into a living, stopped thread. After {@link #cure} nothing of it is left; on
   * failure neither.
   *
   * @param addressHint where the area should be; 0: the kernel chooses
   */
  public static RemoteProcess inject(Tracee thread, long addressHint, long areaBytes)
      throws RemoteException {
    thread.settle();
    Registers saved = thread.registers();
    refuseWhatCanNotCarryIt(thread, saved);
    long mask = thread.signalMask();
    KillPoint.reach("before-anchor");
    Anchor anchor = Anchor.install(thread, saved, mask);
    KillPoint.reach("anchor-written");
    Original original = new Original(saved, mask, anchor);
    Registers atCall =
        Injection.withCall(
                Injection.startAt(saved, anchor.callAddress()),
                Syscalls.MMAP,
                addressHint,
                areaBytes,
                AreaMapping.READ_EXEC,
                AreaMapping.PRIVATE_ANONYMOUS,
                -1)
            .with(Reg.R13, areaBytes)
            .with(Reg.R14, -1)
            .with(Reg.RBX, 0);
    // Ends the temporary mask of a sigsuspend, ppoll … that the stop interrupted; it is made again.
    thread.setSignalMask(mask);
    thread.setRegisters(atCall);
    KillPoint.reach("registers-set");
    thread.setSignalMask(ALL_SIGNALS); // only now: the anchor is what restores the mask
    KillPoint.reach("mask-set");
    long address = Injection.finish(thread);
    KillPoint.reach("area-mapped");
    if (Injection.failed(address)) {
      backOut(thread, original);
      throw callFailed(thread, "mmap of the blob's area", address);
    }
    Area area = new Area(address, areaBytes);
    RemoteProcess process = new RemoteProcess(thread, area, area.first(), original, 0);
    process.writeCode();
    process.begin(process.header().anchor(anchor, saved, mask));
    return process;
  }

  /** The blob of a {@link FreshBlob}. */
  static RemoteProcess begun(Tracee thread, Area area, int descriptor, Fd socket) {
    RemoteProcess process = new RemoteProcess(thread, area, area.first(), null, descriptor);
    process.socket = new MessageSocket(socket);
    process.ownFd = descriptor;
    return process;
  }

  /**
   * Starts the blob in a child process that a program of this one made by clone3 without CLONE_VM:
   * it has its own copy of the area, and the descriptor it inherited from this blob is closed.
   *
   * @param child from {@link Results#born}
   */
  public RemoteProcess startProcess(Tracee child) throws RemoteException {
    Area copy = area.copy();
    RemoteProcess process = new RemoteProcess(child, copy, copy.first(), null, minFd);
    child.setSignalMask(ALL_SIGNALS);
    process.begin(process.header().closeFirst(ownFd));
    return process;
  }

  /**
   * Starts the blob in a thread that a program of this process made by clone3 with CLONE_VM |
   * CLONE_THREAD | CLONE_FILES. The area gives {@code programBytes} to it until it is cured.
   *
   * @param newThread from {@link Results#born}
   * @param descriptor of the process: one end of a SOCK_SEQPACKET pair, the thread's own from here
   *     on
   * @param socket the other end, owned from here on
   */
  public RemoteProcess startThread(Tracee newThread, long programBytes, int descriptor, Fd socket)
      throws RemoteException {
    RemoteProcess process =
        new RemoteProcess(newThread, area, area.carve(programBytes), null, minFd);
    process.socket = new MessageSocket(socket);
    process.ownFd = descriptor;
    newThread.setSignalMask(ALL_SIGNALS);
    AreaMapping.write(
        newThread, process.block.address(), process.header().given(descriptor).toArray());
    process.startBlob();
    newThread.resume();
    return process;
  }

  private BlobHeader header() {
    return new BlobHeader(area, block()).minFd(minFd);
  }

  /** The first thread's block shrinks when others are carved from it. */
  private Area.Block block() {
    return block.address() == area.first().address() ? area.first() : block;
  }

  /** The code, while the whole area is still r-x. */
  private void writeCode() throws RemoteException {
    AreaMapping.writeForced(thread, area.address(), Blob.load().code());
  }

  private void begin(BlobHeader header) throws RemoteException {
    AreaMapping.writeForced(thread, block.address(), header.toArray());
    startBlob();
    KillPoint.reach("blob-set");
    try {
      Injection.runToCall(thread, BlobLayout.MARKER);
      KillPoint.reach("blob-started");
      takeSocket(AreaMapping.read(thread, block.address(), BlobLayout.HEADER_BYTES));
      thread.resume();
      KillPoint.reach("serving");
    } catch (RemoteException | RuntimeException e) {
      if (original != null && !(e instanceof TaskGoneException)) {
        thread.resume();
        abandon();
      }
      throw e;
    }
  }

  private void startBlob() throws RemoteException {
    thread.setRegisters(
        Injection.startAt(thread.registers(), area.address()).with(Reg.RDI, block.address()));
  }

  /** The blob stands at its marker: what it has done so far is in its header. */
  private void takeSocket(ByteBuffer header) throws RemoteException {
    int state = header.getInt(BlobLayout.STATE);
    if (state < 0) {
      throw callFailed(thread, "socketpair for the blob", state);
    }
    try (PidFd pidfd = PidFd.openTask(thread.tid())) {
      KillPoint.reach("socket-offered");
      socket = new MessageSocket(pidfd.take(header.getInt(BlobLayout.DRIVER_FD)));
      KillPoint.reach("socket-taken");
    } catch (SyscallException e) {
      throw AreaMapping.failed(thread, "taking the blob's socket: ", e);
    }
    ownFd = header.getInt(BlobLayout.OWN_FD);
  }

  /**
   * Runs a program to its end.
   *
   * @throws RemoteException at the first call that does not succeed: names it, its arguments, errno
   */
  public Results run(Program program) throws RemoteException {
    ProgramRun run = new ProgramRun(thread, block(), socket, program, false);
    run.start();
    return run.finish();
  }

  /**
   * Runs the last programs of tasks under construction, all at once: what is left to be done with
   * them is {@link #cureTo} or {@link #cureThreadTo}.
   *
   * @throws RemoteException as {@link #run}, for one of them
   */
  public static void runLast(Map<RemoteProcess, Program> programs) throws RemoteException {
    List<ProgramRun> runs = new ArrayList<>();
    for (Map.Entry<RemoteProcess, Program> entry : programs.entrySet()) {
      RemoteProcess process = entry.getKey();
      ProgramRun run =
          new ProgramRun(process.thread, process.block(), process.socket, entry.getValue(), true);
      run.start();
      process.left = true;
      runs.add(run);
    }
    for (ProgramRun run : runs) {
      run.finish();
    }
  }

  /**
   * Takes the blob out of a living target: its descriptor, its area and the anchor are gone, and
   * the thread is stopped with the registers and signal mask it had before {@link #inject}.
   */
  public void cure() throws RemoteException {
    requireLiving();
    KillPoint.reach("before-cure");
    thread.stop(Injection.LIMIT);
    KillPoint.reach("cure-stopped");
    Registers leaving =
        Injection.startAt(thread.registers(), original.anchor().leaveAddress())
            .with(Reg.R12, area.address())
            .with(Reg.R13, area.bytes())
            .with(Reg.R14, ownFd)
            .with(Reg.RBX, 0)
            .with(Reg.RSP, original.registers().get(Reg.RSP));
    thread.setRegisters(leaving);
    KillPoint.reach("cure-set");
    for (String call : new String[] {"close", "munmap", "rt_sigprocmask"}) {
      long result = Injection.finish(thread);
      KillPoint.reach("cure-" + call);
      if (result != 0) {
        throw callFailed(thread, call + " while leaving", result);
      }
    }
    closeSocket();
    backOut(thread, original);
    KillPoint.reach("cured");
  }

  /** From a stop at the end of an injected call back to the original state, stopped. */
  private static void backOut(Tracee thread, Original original) throws RemoteException {
    // A stop from PTRACE_INTERRUPT, unlike one at a system call's return, goes through the kernel's
    // restart of interrupted calls when the thread goes on.
    thread.interrupt();
    thread.resume();
    thread.awaitStop(Injection.LIMIT);
    KillPoint.reach("back-stopped");
    thread.setSignalMask(original.mask()); // before the registers: the anchor is harmless with it
    thread.setRegisters(original.registers());
    KillPoint.reach("registers-back");
    original.anchor().remove();
  }

  /** After a bootstrap that failed: the blob leaves by itself; waits until it has left. */
  private void abandon() throws RemoteException {
    closeSocket();
    Deadline deadline = Deadline.in(Injection.LIMIT);
    do {
      thread.stop(Injection.LIMIT);
      long rip = thread.registers().get(Reg.RIP);
      boolean inside = rip >= area.address() && rip < area.address() + area.bytes();
      if (!inside && !original.anchor().contains(rip)) {
        original.anchor().remove();
        return;
      }
      thread.resume();
      deadline.pause();
    } while (!deadline.passed());
    throw new RemoteException(thread.tid(), "the blob did not leave");
  }

  /**
   * Ends the construction of a process, after {@link #runLast}: the area is unmapped by the {@code
   * syscall} instruction at {@code syscallGadget}, and the thread is stopped with its final
   * registers; detach then lets it run.
   */
  public void cureTo(Registers registers, byte[] xstate, long signalMask, long syscallGadget)
      throws RemoteException {
    takeOut();
    long result =
        Injection.call(
            thread, gadgetCall(syscallGadget, Syscalls.MUNMAP, area.address(), area.bytes()));
    if (result != 0) {
      throw callFailed(thread, "munmap of the blob's area", result);
    }
    thread.interrupt();
    thread.resume();
    thread.awaitStop(Injection.LIMIT);
    set(registers, xstate, signalMask);
  }

  /**
   * As {@link #cureTo} for a further thread: the area stays, the first thread unmaps it at last.
   */
  public void cureThreadTo(Registers registers, byte[] xstate, long signalMask)
      throws RemoteException {
    takeOut();
    set(registers, xstate, signalMask);
    area.giveBack(block);
  }

  private void takeOut() throws RemoteException {
    if (!left) {
      throw new IllegalStateException("pid " + thread.tid() + " has not run its last program");
    }
    closeSocket();
    thread.stop(Injection.LIMIT);
  }

  private Registers gadgetCall(long gadget, long nr, long... args) throws RemoteException {
    return Injection.withCall(Injection.startAt(thread.registers(), gadget), nr, args);
  }

  private void set(Registers registers, byte[] xstate, long signalMask) throws RemoteException {
    thread.setRegisters(registers);
    thread.setXstate(xstate);
    thread.setSignalMask(signalMask);
  }

  /** Where the area begins in the target. */
  public long areaAddress() {
    return area.address();
  }

  public long areaBytes() {
    return area.bytes();
  }

  /** The descriptor that the blob holds in the target: not one of the program's. */
  public int ownDescriptor() {
    return ownFd;
  }

  /** The bytes that a program ({@link Program#bytes}) may have here. */
  public long programBytes() {
    return block().programBytes();
  }

  public Tracee thread() {
    return thread;
  }

  /**
   * The registers that a living target had when it was injected, and gets back by {@link #cure}.
   */
  public Registers originalRegisters() {
    requireLiving();
    return original.registers();
  }

  /** The signal mask that a living target had when it was injected. */
  public long originalSignalMask() {
    requireLiving();
    return original.mask();
  }

  /** Lets go: a blob that was not cured sees the end of file and takes itself out. */
  @Override
  public void close() {
    closeSocket();
  }

  private void closeSocket() {
    if (socket != null) {
      socket.close();
    }
  }

  private void requireLiving() {
    if (original == null) {
      throw new IllegalStateException("pid " + thread.tid() + " is under construction");
    }
  }

  private static void refuseWhatCanNotCarryIt(Tracee thread, Registers saved)
      throws RemoteException {
    if (!saved.is64Bit()) {
      throw new RemoteException(thread.tid(), "runs 32-bit code: only 64-bit code can be carried");
    }
    if (thread.dispatchesSyscalls()) {
      throw new RemoteException(
          thread.tid(), "has syscall user dispatch on (prctl PR_SET_SYSCALL_USER_DISPATCH)");
    }
    if (AreaMapping.filtersSyscalls(thread.tid())) {
      throw new RemoteException(
          thread.tid(), "has a seccomp filter: calls for it might be refused");
    }
  }

  private static RemoteException callFailed(Tracee thread, String call, long result) {
    return new RemoteException(
        thread.tid(),
        call
            + ": "
            + (Injection.failed(result)
                ? SyscallException.describe((int) -result)
                : "returned " + result),
        Injection.failed(result) ? (int) -result : 0,
        null);
  }
}
