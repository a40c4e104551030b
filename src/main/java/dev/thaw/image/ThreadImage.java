package dev.thaw.image;

import java.util.List;

/**
 * One thread.
 *
 * @param name at most 15 bytes
 * @param registers struct user_regs_struct, 27 words in its order, as the thread stood
 * @param xstate the NT_X86_XSTATE note, trailing zeros removed
 * @param blocked the signal mask
 * @param pending queued for this thread alone
 * @param robustList address of the head; 0 if none
 * @param clearChildTid of set_tid_address(2)
 * @param parentDeathSignal PR_SET_PDEATHSIG
 * @param machineCheckPolicy PR_MCE_KILL_LATE 0, PR_MCE_KILL_EARLY 1, PR_MCE_KILL_DEFAULT 2
 * @param affinity CPU mask, 64 CPUs a word
 */
public record ThreadImage(
    int tid,
    String name,
    List<Addr> registers,
    byte[] xstate,
    Addr blocked,
    List<SignalInfo> pending,
    AlternateStack alternateStack,
    Addr robustList,
    Addr clearChildTid,
    Rseq rseq,
    Credentials credentials,
    Scheduling scheduling,
    int parentDeathSignal,
    long timerSlackNanos,
    int machineCheckPolicy,
    List<Addr> affinity) {

  /** Index of {@code rax} in {@code registers}. */
  public static final int RAX = 10;

  /** Index of {@code orig_rax} in {@code registers}. */
  public static final int ORIG_RAX = 15;

  /** Index of {@code rip} in {@code registers}. */
  public static final int RIP = 16;

  /** Index of {@code rsp} in {@code registers}. */
  public static final int RSP = 19;

  /** CONFIG_NR_CPUS with CONFIG_MAXSMP, the most that x86-64 has. */
  private static final int MAX_CPUS = 8192;

  /** Validates. */
  public ThreadImage {
    registers = List.copyOf(registers);
    pending = List.copyOf(pending);
    affinity = List.copyOf(affinity);
    if (registers.size() != 27 || xstate.length > 1 << 16 || tid < 1) {
      throw new IllegalArgumentException("thread " + tid + ": registers");
    }
    if (name.indexOf('\0') >= 0 || affinity.isEmpty() || affinity.size() > MAX_CPUS / 64) {
      throw new IllegalArgumentException("thread " + tid + ": name or affinity");
    }
  }

  /** stack_t. */
  public record AlternateStack(Addr base, int flags, long bytes) {}

  /** What PTRACE_GET_RSEQ_CONFIGURATION tells; pointer 0 if not registered. */
  public record Rseq(Addr pointer, int bytes, int signature, int flags) {}

  /** sched_setscheduler(2) and nice. */
  public record Scheduling(int policy, int priority, int nice) {}
}
