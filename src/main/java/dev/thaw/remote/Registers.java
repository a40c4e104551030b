package dev.thaw.remote;

import java.util.Arrays;

/** The general registers of a stopped thread; immutable. */
public final class Registers {
  /**
   * Returned by an interrupted system call that the kernel will make again; never seen by programs.
   */
  public static final long ERESTARTSYS = 512;

  public static final long ERESTARTNOINTR = 513;
  public static final long ERESTARTNOHAND = 514;
  public static final long ERESTART_RESTARTBLOCK = 516;

  private static final long USER_CS_64 = 0x33;

  private final long[] values;

  private Registers(long[] values) {
    this.values = values;
  }

  /** From the longs of {@code struct user_regs_struct}. */
  public static Registers of(long[] userRegs) {
    if (userRegs.length != Reg.values().length) {
      throw new IllegalArgumentException(userRegs.length + " registers");
    }
    return new Registers(userRegs.clone());
  }

  /** The longs of {@code struct user_regs_struct}. */
  public long[] toArray() {
    return values.clone();
  }

  public long get(Reg reg) {
    return values[reg.ordinal()];
  }

  public Registers with(Reg reg, long value) {
    long[] changed = values.clone();
    changed[reg.ordinal()] = value;
    return new Registers(changed);
  }

  /** Whether the thread runs 64-bit code. */
  public boolean is64Bit() {
    return get(Reg.CS) == USER_CS_64;
  }

  /**
   * Whether the thread was stopped inside a system call that the kernel will make again unless a
   * signal handler comes first: rax holds -ERESTART…, the number is in orig_rax.
   */
  public boolean interruptedCall() {
    long error = -get(Reg.RAX);
    return get(Reg.ORIG_RAX) >= 0
        && (error == ERESTARTSYS
            || error == ERESTARTNOINTR
            || error == ERESTARTNOHAND
            || error == ERESTART_RESTARTBLOCK);
  }

  /**
   * What the kernel makes of an interrupted call when no handler is due: rip back at the {@code
   * syscall} instruction, rax the number (restart_syscall's where the remaining time is in the
   * thread's restart block). The same registers where no call was interrupted.
   */
  public Registers restarted() {
    if (!interruptedCall()) {
      return with(Reg.ORIG_RAX, -1);
    }
    long nr = get(Reg.RAX) == -ERESTART_RESTARTBLOCK ? Syscalls.RESTART_SYSCALL : get(Reg.ORIG_RAX);
    return with(Reg.RAX, nr).with(Reg.RIP, get(Reg.RIP) - 2).with(Reg.ORIG_RAX, -1);
  }

  /** What the kernel makes of an interrupted call when a handler without SA_RESTART is due. */
  public Registers interruptedByHandler() {
    return interruptedCall()
        ? with(Reg.RAX, -4 /* EINTR */).with(Reg.ORIG_RAX, -1)
        : with(Reg.ORIG_RAX, -1);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Registers && Arrays.equals(values, ((Registers) o).values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Reg reg : Reg.values()) {
      text.append(text.length() == 0 ? "" : " ")
          .append(reg.name().toLowerCase(java.util.Locale.ROOT))
          .append(String.format("=%#x", get(reg)));
    }
    return text.toString();
  }
}
