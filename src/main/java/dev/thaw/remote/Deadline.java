package dev.thaw.remote;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * A moment after which waiting is given up, and how one waits until then: first hot, then in naps.
 */
final class Deadline {
  private static final int HOT_ROUNDS = 200;
  private static final long NAP_NANOS = 50_000;
  private static final long LONGEST_NAP_NANOS = 2_000_000;

  private final long endNanos;
  private int rounds;

  private Deadline(long endNanos) {
    this.endNanos = endNanos;
  }

  static Deadline in(Duration limit) {
    return new Deadline(System.nanoTime() + limit.toNanos());
  }

  boolean passed() {
    return System.nanoTime() - endNanos >= 0;
  }

  /** Whether {@link #pause} only yields as yet. */
  boolean isHot() {
    return rounds < HOT_ROUNDS;
  }

  /** Waits a moment: what is waited for takes microseconds as a rule. */
  void pause() {
    rounds++;
    if (rounds < HOT_ROUNDS) {
      Thread.yield();
    } else {
      LockSupport.parkNanos(Math.min(LONGEST_NAP_NANOS, NAP_NANOS * (rounds - HOT_ROUNDS + 1)));
    }
  }
}
