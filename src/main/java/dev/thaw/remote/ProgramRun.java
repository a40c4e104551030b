package dev.thaw.remote;

import dev.thaw.linux.MessageSocket;
import dev.thaw.linux.SyscallException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** One program on its way through a blob that waits for commands. */
final class ProgramRun {
  private static final Duration PROGRAM_LIMIT = Duration.ofSeconds(60);

  /** How often a thread that does not answer is looked at: a stop signal may hold it. */
  private static final int CHECK_MILLIS = 20;

  private final Tracee thread;
  private final Area.Block block;
  private final MessageSocket socket;
  private final Program program;
  private final boolean last;

  /**
   * A run.
   *
   * @param last the blob closes its socket after it, and waits to be taken out
   */
  ProgramRun(Tracee thread, Area.Block block, MessageSocket socket, Program program, boolean last) {
    this.thread = thread;
    this.block = block;
    this.socket = socket;
    this.program = program;
    this.last = last;
  }

  /** Has the blob begin. */
  void start() throws RemoteException {
    if (program.bytes() > block.programBytes()) {
      throw new IllegalArgumentException(
          String.format(
              "program %s has %d bytes, the blob's area %d",
              program.name(), program.bytes(), block.programBytes()));
    }
    byte[] code = ProgramCode.encode(program, block.programAddress());
    AreaMapping.write(thread, block.programAddress(), code);
    AreaMapping.write(thread, block.address() + BlobLayout.OP_COUNT, runHeader(program));
    KillPoint.reach("program-written");
    send(last ? BlobLayout.COMMAND_LAST : BlobLayout.COMMAND_RUN);
    KillPoint.reach("program-started");
  }

  /** Waits for the end. */
  Results finish() throws RemoteException {
    awaitReply();
    ByteBuffer header = AreaMapping.read(thread, block.address(), BlobLayout.HEADER_BYTES);
    ByteBuffer after = AreaMapping.read(thread, block.programAddress(), (int) program.bytes());
    byte[] ops = new byte[ProgramCode.dataOffset(program)];
    byte[] data = new byte[program.dataBytes()];
    after.get(ops).get(data);
    List<Tracee> born = new ArrayList<>(thread.takeBorn());
    for (Tracee task : born) {
      task.awaitStop(Injection.LIMIT);
    }
    Results results = new Results(ops, data, born);
    int failed = header.getInt(BlobLayout.FAILED);
    if (failed >= 0) {
      throw programFailed(failed, results);
    }
    return results;
  }

  private static byte[] runHeader(Program program) {
    ByteBuffer bytes = ByteBuffer.allocate(28).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(program.ops().size()).putInt(-1).putInt(0);
    bytes
        .putLong(BlobLayout.PROGRAM)
        .putLong((long) BlobLayout.PROGRAM + ProgramCode.dataOffset(program));
    return bytes.array();
  }

  private void send(char command) throws RemoteException {
    try {
      if (!socket.send(command)) {
        thread.keepRunning();
        throw new TaskGoneException(thread.tid(), "the blob is gone");
      }
    } catch (SyscallException e) {
      throw AreaMapping.failed(thread, "", e);
    }
  }

  private void awaitReply() throws RemoteException {
    Deadline deadline = Deadline.in(PROGRAM_LIMIT);
    boolean eager = program.makesTasks();
    while (true) {
      MessageSocket.Received received;
      try {
        received = socket.receive(eager || deadline.isHot() ? 0 : CHECK_MILLIS);
      } catch (SyscallException e) {
        throw AreaMapping.failed(thread, "", e);
      }
      if (received == MessageSocket.Received.MESSAGE) {
        return;
      }
      if (received == MessageSocket.Received.GONE && hasLeft()) {
        return;
      }
      if (eager || !deadline.isHot()) {
        thread.keepRunning();
      }
      if (received == MessageSocket.Received.GONE) {
        throw new TaskGoneException(
            thread.tid(),
            "gone while it ran program " + program.name() + thread.howItEnds(Injection.LIMIT));
      }
      if (deadline.passed()) {
        throw new RemoteException(
            thread.tid(), "program " + program.name() + " did not end within " + PROGRAM_LIMIT);
      }
      if (eager || deadline.isHot()) {
        deadline.pause();
      }
    }
  }

  /** The end of the socket is the end of the program, or of the task. */
  private boolean hasLeft() throws RemoteException {
    return last
        && AreaMapping.read(thread, block.address() + BlobLayout.STATE, 4).getInt()
            == BlobLayout.STATE_LEFT;
  }

  private RemoteException programFailed(int index, Results results) {
    Program.Op op = program.ops().get(index);
    long result = results.result(new Program.Result(index));
    String call =
        ProgramText.call(program, op) + (op.note().isEmpty() ? "" : " [" + op.note() + "]");
    if (Injection.failed(result)) {
      int errno = (int) -result;
      return new RemoteException(
          thread.tid(), call + ": " + SyscallException.describe(errno), errno, null);
    }
    return new RemoteException(thread.tid(), call + " returned " + result);
  }
}
