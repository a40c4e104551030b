package dev.thaw.image;

/**
 * struct kernel_sigaction of one signal.
 *
 * @param handler 1 is SIG_IGN
 */
public record SignalAction(int signal, Addr handler, Addr flags, Addr restorer, Addr mask) {
  /** Validates. */
  public SignalAction {
    if (signal < 1 || signal > 64) {
      throw new IllegalArgumentException("signal " + signal);
    }
  }
}
