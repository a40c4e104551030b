package dev.thaw.restore;

import dev.thaw.image.ProcessImage;
import dev.thaw.image.ProcessImage.IntervalTimer;
import dev.thaw.image.ProcessImage.PosixTimer;
import dev.thaw.image.SignalAction;
import dev.thaw.image.SignalInfo;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Compiles what belongs to a whole process besides its memory, descriptors and threads. */
final class TaskPrograms {
  private static final int PR_SET_CHILD_SUBREAPER = 36;
  private static final int PR_SET_THP_DISABLE = 41;
  private static final int PR_TIMER_CREATE_RESTORE_IDS = 77;
  private static final int RLIMIT_NOFILE = 7;
  private static final int SIGEV_THREAD_ID = 4;
  private static final int SIGEVENT_BYTES = 64;

  private TaskPrograms() {}

  /** All that a process has beside memory, descriptors and threads. One program: it waits once. */
  static Program all(ProcessImage process) {
    Program.Builder b = Program.builder("attributes");
    attributes(b, process);
    signalActions(b, process);
    pending(b, process);
    timers(b, process);
    limits(b, process);
    return b.build();
  }

  /** Directory, root, umask, personality and the other plain attributes. */
  private static void attributes(Program.Builder b, ProcessImage process) {
    // The root comes last: both are named from the real one, and the directory may lie outside.
    b.call(Syscalls.CHDIR, b.cstring(process.cwd()));
    if (!process.root().equals("/")) {
      b.call(Syscalls.CHROOT, b.cstring(process.root()));
    }
    b.call(Syscalls.UMASK, process.umask());
    b.call(Syscalls.PERSONALITY, process.attributes().personality());
    if (process.attributes().childSubreaper()) {
      b.call(Syscalls.PRCTL, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    }
    if (process.attributes().thpDisabled()) {
      b.call(Syscalls.PRCTL, PR_SET_THP_DISABLE, 1, 0, 0, 0);
    }
  }

  /** Signal actions; the fresh process has none. */
  private static void signalActions(Program.Builder b, ProcessImage process) {
    for (SignalAction action : process.actions()) {
      byte[] struct =
          MemoryPrograms.words(
              action.handler().value(),
              action.flags().value(),
              action.restorer().value(),
              action.mask().value());
      b.call(Syscalls.RT_SIGACTION, action.signal(), b.data(struct), 0, 8);
    }
  }

  /** Interval timers and POSIX timers. Run late: their time runs from here. */
  private static void timers(Program.Builder b, ProcessImage process) {
    interval(b, 0, process.realTimer());
    interval(b, 1, process.virtualTimer());
    interval(b, 2, process.profTimer());
    if (!process.timers().isEmpty()) {
      b.call(Syscalls.PRCTL, PR_TIMER_CREATE_RESTORE_IDS, 1, 0, 0, 0);
      // /proc/PID/timers lists the newest first: do_timer_create() in kernel/time/posix-timers.c.
      for (int i = process.timers().size() - 1; i >= 0; i--) {
        create(b, process.timers().get(i));
      }
      b.call(Syscalls.PRCTL, PR_TIMER_CREATE_RESTORE_IDS, 0, 0, 0, 0);
    }
  }

  private static void interval(Program.Builder b, int which, IntervalTimer timer) {
    if (timer.valueNanos() == 0) {
      return;
    }
    byte[] struct =
        MemoryPrograms.words(
            timer.intervalNanos() / 1_000_000_000L,
            timer.intervalNanos() % 1_000_000_000L / 1000,
            timer.valueNanos() / 1_000_000_000L,
            timer.valueNanos() % 1_000_000_000L / 1000);
    b.call(Syscalls.SETITIMER, which, b.data(struct), 0);
  }

  private static void create(Program.Builder b, PosixTimer timer) {
    ByteBuffer event = ByteBuffer.allocate(SIGEVENT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    event.putLong(0, timer.signalValue().value());
    event.putInt(8, timer.signal());
    event.putInt(12, timer.notification());
    if ((timer.notification() & SIGEV_THREAD_ID) != 0) {
      event.putInt(16, timer.tid());
    }
    b.note("timer " + timer.id());
    b.call(
        Syscalls.TIMER_CREATE,
        timer.clock(),
        b.data(event.array()),
        b.data(SkeletonPrograms.intBytes(timer.id())));
    if (timer.valueNanos() != 0) {
      byte[] value =
          MemoryPrograms.words(
              timer.intervalNanos() / 1_000_000_000L,
              timer.intervalNanos() % 1_000_000_000L,
              timer.valueNanos() / 1_000_000_000L,
              timer.valueNanos() % 1_000_000_000L);
      b.call(Syscalls.TIMER_SETTIME, timer.id(), 0, b.data(value), 0);
    }
  }

  /** Queues again what was pending for the process. All signals are blocked here. */
  private static void pending(Program.Builder b, ProcessImage process) {
    if (process.pending().isEmpty()) {
      return;
    }
    Program.Arg pid = b.call(Syscalls.GETPID);
    for (SignalInfo info : process.pending()) {
      b.call(Syscalls.RT_SIGQUEUEINFO, pid, info.signal(), b.data(info.info()));
    }
  }

  /**
   * Resource limits. A hard limit that is above the present one needs CAP_SYS_RESOURCE; one that is
   * equal or lower can always be set.
   */
  private static void limits(Program.Builder b, ProcessImage process) {
    for (ProcessImage.Limit limit : process.limits()) {
      b.note(limit.resource() == RLIMIT_NOFILE ? "RLIMIT_NOFILE" : "");
      b.call(
          Syscalls.PRLIMIT64,
          0,
          limit.resource(),
          b.data(MemoryPrograms.words(limit.soft(), limit.hard())),
          0);
    }
  }
}
