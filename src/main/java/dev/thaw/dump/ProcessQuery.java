package dev.thaw.dump;

import dev.thaw.image.Addr;
import dev.thaw.image.ProcessImage.IntervalTimer;
import dev.thaw.image.ProcessImage.PosixTimer;
import dev.thaw.image.SignalAction;
import dev.thaw.proc.ProcTimers;
import dev.thaw.remote.Program;
import dev.thaw.remote.Results;
import dev.thaw.remote.Syscalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * What only the process itself can tell: one program, run once in its leader. No call here sleeps,
 * so the restart block of an interrupted call stays as it is.
 */
final class ProcessQuery {
  private static final int SIGNALS = 64;
  private static final int SIGKILL = 9;
  private static final int SIGSTOP = 19;
  private static final int KERNEL_SIGACTION_BYTES = 32;
  private static final int ITIMERVAL_BYTES = 32;
  private static final int PR_GET_DUMPABLE = 3;
  private static final int PR_GET_CHILD_SUBREAPER = 37;
  private static final int PR_GET_THP_DISABLE = 42;
  private static final long PERSONALITY_ASK = 0xffffffffL;

  private final List<ProcTimers.Timer> timers;
  private final Program.Data actions;
  private final Program.Data intervals;
  private final Program.Data timerValues;
  private final Program.Data subreaper;
  private final List<Program.Result> overruns = new ArrayList<>();
  private final Program.Result brk;
  private final Program.Result dumpable;
  private final Program.Result thpDisabled;
  private final Program.Result personality;
  private final Program program;

  /**
   * Compiles the program.
   *
   * @param timers what /proc/PID/timers lists
   */
  ProcessQuery(List<ProcTimers.Timer> timers) {
    this.timers = timers;
    Program.Builder b = Program.builder("ask the process");
    actions = b.zeroed(SIGNALS * KERNEL_SIGACTION_BYTES);
    intervals = b.zeroed(3 * ITIMERVAL_BYTES);
    timerValues = b.zeroed(Math.max(1, timers.size()) * ITIMERVAL_BYTES);
    subreaper = b.zeroed(8);
    for (int signal = 1; signal <= SIGNALS; signal++) {
      if (signal != SIGKILL && signal != SIGSTOP) {
        b.call(
            Syscalls.RT_SIGACTION,
            signal,
            0,
            actions.plus((signal - 1) * KERNEL_SIGACTION_BYTES),
            8);
      }
    }
    for (int which = 0; which < 3; which++) {
      b.call(Syscalls.GETITIMER, which, intervals.plus(which * ITIMERVAL_BYTES));
    }
    for (int i = 0; i < timers.size(); i++) {
      b.call(Syscalls.TIMER_GETTIME, timers.get(i).id(), timerValues.plus(i * ITIMERVAL_BYTES));
      overruns.add(b.call(Syscalls.TIMER_GETOVERRUN, timers.get(i).id()));
    }
    brk = b.call(Syscalls.BRK, 0);
    dumpable = b.call(Syscalls.PRCTL, PR_GET_DUMPABLE);
    thpDisabled = b.call(Syscalls.PRCTL, PR_GET_THP_DISABLE, 0, 0, 0, 0);
    b.call(Syscalls.PRCTL, PR_GET_CHILD_SUBREAPER, subreaper);
    personality = b.call(Syscalls.PERSONALITY, PERSONALITY_ASK);
    program = b.build();
  }

  /** What to run. */
  Program program() {
    return program;
  }

  /** The answers. */
  Answers answers(Results results) {
    ByteBuffer intervalData = words(results, intervals, 3 * ITIMERVAL_BYTES);
    List<IntervalTimer> itimers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      int at = i * ITIMERVAL_BYTES;
      itimers.add(
          new IntervalTimer(nanosOfMicros(intervalData, at + 16), nanosOfMicros(intervalData, at)));
    }
    return new Answers(
        signalActions(words(results, actions, SIGNALS * KERNEL_SIGACTION_BYTES)),
        itimers,
        posixTimers(results),
        Addr.of(results.result(brk)),
        (int) results.result(dumpable),
        words(results, subreaper, 8).getInt(0) != 0,
        results.result(thpDisabled) != 0,
        results.result(personality));
  }

  private static List<SignalAction> signalActions(ByteBuffer data) {
    List<SignalAction> found = new ArrayList<>();
    for (int signal = 1; signal <= SIGNALS; signal++) {
      int at = (signal - 1) * KERNEL_SIGACTION_BYTES;
      long handler = data.getLong(at);
      long flags = data.getLong(at + 8);
      if (handler != 0 || flags != 0) {
        found.add(
            new SignalAction(
                signal,
                Addr.of(handler),
                Addr.of(flags),
                Addr.of(data.getLong(at + 16)),
                Addr.of(data.getLong(at + 24))));
      }
    }
    return found;
  }

  private List<PosixTimer> posixTimers(Results results) {
    ByteBuffer data = words(results, timerValues, Math.max(1, timers.size()) * ITIMERVAL_BYTES);
    List<PosixTimer> found = new ArrayList<>();
    for (int i = 0; i < timers.size(); i++) {
      ProcTimers.Timer timer = timers.get(i);
      int at = i * ITIMERVAL_BYTES;
      found.add(
          new PosixTimer(
              timer.id(),
              timer.clock(),
              timer.signal(),
              Addr.of(timer.signalValue()),
              timer.notification(),
              timer.target(),
              data.getLong(at + 16) * 1_000_000_000L + data.getLong(at + 24),
              data.getLong(at) * 1_000_000_000L + data.getLong(at + 8),
              (int) results.result(overruns.get(i))));
    }
    return found;
  }

  private static long nanosOfMicros(ByteBuffer data, int at) {
    return data.getLong(at) * 1_000_000_000L + data.getLong(at + 8) * 1_000L;
  }

  private static ByteBuffer words(Results results, Program.Data data, int bytes) {
    return ByteBuffer.wrap(results.data(data, bytes)).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** What the process told. */
  record Answers(
      List<SignalAction> actions,
      List<IntervalTimer> intervalTimers,
      List<PosixTimer> timers,
      Addr brk,
      int dumpable,
      boolean childSubreaper,
      boolean thpDisabled,
      long personality) {}
}
