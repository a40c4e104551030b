package dev.thaw.dump;

import dev.thaw.image.Addr;
import dev.thaw.image.ThreadImage.AlternateStack;
import dev.thaw.remote.Program;
import dev.thaw.remote.Results;
import dev.thaw.remote.Syscalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What only a thread itself can tell: one short program a thread. */
final class ThreadQuery {
  private static final int PR_GET_PDEATHSIG = 2;
  private static final int PR_GET_SECUREBITS = 27;
  private static final int PR_GET_TIMERSLACK = 30;
  private static final int PR_MCE_KILL_GET = 34;
  private static final int PR_GET_TID_ADDRESS = 40;
  private static final int STACK_T_BYTES = 24;

  private final Program.Data stack;
  private final Program.Data tidAddress;
  private final Program.Data deathSignal;
  private final Program.Result slack;
  private final Program.Result securebits;
  private final Program.Result machineCheckPolicy;
  private final Program program;

  ThreadQuery() {
    Program.Builder b = Program.builder("ask the thread");
    stack = b.zeroed(STACK_T_BYTES);
    tidAddress = b.zeroed(8);
    deathSignal = b.zeroed(8);
    b.call(Syscalls.SIGALTSTACK, 0, stack);
    b.call(Syscalls.PRCTL, PR_GET_TID_ADDRESS, tidAddress);
    b.call(Syscalls.PRCTL, PR_GET_PDEATHSIG, deathSignal);
    slack = b.call(Syscalls.PRCTL, PR_GET_TIMERSLACK);
    securebits = b.call(Syscalls.PRCTL, PR_GET_SECUREBITS);
    machineCheckPolicy = b.call(Syscalls.PRCTL, PR_MCE_KILL_GET, 0, 0, 0, 0);
    program = b.build();
  }

  Program program() {
    return program;
  }

  Answers answers(Results results) {
    ByteBuffer s = words(results.data(stack, STACK_T_BYTES));
    return new Answers(
        new AlternateStack(Addr.of(s.getLong(0)), s.getInt(8), s.getLong(16)),
        Addr.of(words(results.data(tidAddress, 8)).getLong(0)),
        words(results.data(deathSignal, 8)).getInt(0),
        results.result(slack),
        (int) results.result(securebits),
        (int) results.result(machineCheckPolicy));
  }

  private static ByteBuffer words(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** What the thread told. */
  record Answers(
      AlternateStack alternateStack,
      Addr clearChildTid,
      int parentDeathSignal,
      long timerSlackNanos,
      int securebits,
      int machineCheckPolicy) {}
}
