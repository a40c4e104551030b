package dev.thaw.image;

/**
 * One queued signal.
 *
 * @param info siginfo_t, 128 bytes
 */
public record SignalInfo(int signal, byte[] info) {
  /** Validates. */
  public SignalInfo {
    if (signal < 1 || signal > 64 || info.length != 128) {
      throw new IllegalArgumentException("queued signal " + signal);
    }
  }
}
