package dev.thaw;

import java.time.Duration;
import java.util.Optional;

/**
 * That a restore records what its tree touches. The recording ends at {@link Checkpoint#mark}, at
 * the signal that the launcher was told of, with the tree, or when its time is over.
 *
 * @param limit its time, from just before the tree's first instruction on; empty for no limit
 */
public record RecordOptions(Optional<Duration> limit) {
  /** Refuses a limit that is none. */
  public RecordOptions {
    if (limit.isPresent() && (limit.get().isNegative() || limit.get().isZero())) {
      throw new IllegalArgumentException("a recording of " + limit.get());
    }
  }
}
