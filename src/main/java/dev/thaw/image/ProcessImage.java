package dev.thaw.image;

import java.util.List;

/**
 * One living process: {@code process-PID.json}. Its private pages are in {@code pagemap-PID.img}.
 *
 * @param threads the leader first
 * @param umask the file mode creation mask
 * @param cwd named from the real root, not from {@code root}
 * @param root {@code /} unless changed
 * @param descriptors ascending by number
 * @param actions signal actions that are not SIG_DFL
 * @param pending queued for the whole process
 * @param realTimer the three of setitimer(2)
 * @param limits in the order of RLIMIT_* numbers
 */
public record ProcessImage(
    int pid,
    MmImage mm,
    List<ThreadImage> threads,
    int umask,
    String cwd,
    String root,
    List<Descriptor> descriptors,
    List<SignalAction> actions,
    List<SignalInfo> pending,
    IntervalTimer realTimer,
    IntervalTimer virtualTimer,
    IntervalTimer profTimer,
    List<PosixTimer> timers,
    List<Limit> limits,
    Attributes attributes) {

  /** Validates. */
  public ProcessImage {
    threads = List.copyOf(threads);
    descriptors = List.copyOf(descriptors);
    actions = List.copyOf(actions);
    pending = List.copyOf(pending);
    timers = List.copyOf(timers);
    limits = List.copyOf(limits);
    if (threads.isEmpty() || threads.get(0).tid() != pid) {
      throw new IllegalArgumentException("process " + pid + " without its leader");
    }
    if (!cwd.startsWith("/") || !root.startsWith("/") || (cwd + root).indexOf('\0') >= 0) {
      throw new IllegalArgumentException("process " + pid + ": cwd " + cwd + " root " + root);
    }
    if (umask < 0 || umask > 0777 || limits.size() > 16) {
      throw new IllegalArgumentException("process " + pid + ": umask or limits");
    }
    for (int i = 1; i < descriptors.size(); i++) {
      if (descriptors.get(i).number() <= descriptors.get(i - 1).number()) {
        throw new IllegalArgumentException("process " + pid + ": descriptors not ascending");
      }
    }
  }

  /** The file's name. */
  public static String fileName(int pid) {
    return "process-" + pid + ".json";
  }

  /** The name of the pagemap of its private memory. */
  public static String pagemapName(int pid) {
    return Integer.toString(pid);
  }

  /**
   * One descriptor.
   *
   * @param file id of the {@link OpenFile} it refers to
   */
  public record Descriptor(int number, int file, boolean closeOnExec) {
    /** Validates. */
    public Descriptor {
      if (number < 0 || number > 1 << 30) {
        throw new IllegalArgumentException("descriptor " + number);
      }
    }
  }

  /** One {@code RLIMIT_*}; -1 is RLIM_INFINITY. */
  public record Limit(int resource, long soft, long hard) {
    /** Validates. */
    public Limit {
      if (resource < 0 || resource > 15) {
        throw new IllegalArgumentException("limit " + resource);
      }
    }
  }

  /** struct itimerval in nanoseconds: both zero when disarmed. */
  public record IntervalTimer(long valueNanos, long intervalNanos) {
    /** Validates. */
    public IntervalTimer {
      requireTimes(valueNanos, intervalNanos);
    }
  }

  /**
   * A timer of timer_create(2).
   *
   * @param notification SIGEV_SIGNAL 0, SIGEV_NONE 1, SIGEV_THREAD_ID 4
   * @param tid the thread to signal, for SIGEV_THREAD_ID
   * @param valueNanos time left; 0 when disarmed
   */
  public record PosixTimer(
      int id,
      int clock,
      int signal,
      Addr signalValue,
      int notification,
      int tid,
      long valueNanos,
      long intervalNanos,
      int overrun) {
    /** Validates. */
    public PosixTimer {
      requireTimes(valueNanos, intervalNanos);
    }
  }

  private static void requireTimes(long valueNanos, long intervalNanos) {
    if (valueNanos < 0 || intervalNanos < 0) {
      throw new IllegalArgumentException("a timer with a negative time");
    }
  }

  /**
   * What prctl(2), personality(2) and some files of /proc hold for a process.
   *
   * @param coreFilter /proc/PID/coredump_filter
   */
  public record Attributes(
      int dumpable,
      boolean childSubreaper,
      long personality,
      int oomScoreAdj,
      int coreFilter,
      boolean thpDisabled,
      boolean noNewPrivileges) {}
}
