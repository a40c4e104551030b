package dev.thaw;

import dev.thaw.dump.Dump;
import dev.thaw.store.Joining;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Tells a {@link Progress} ten times a second how far an operation is, in a thread of its own: what
 * does the work should not be slowed by it, and may wait. After {@link #close} nothing is told.
 */
final class Ticker implements Dump.Watcher, AutoCloseable {
  private static final long PERIOD_NANOS = 100_000_000;

  private final Progress progress;
  private final Thread thread = new Thread(this::run, "progress");
  private volatile Phase phase;
  private volatile boolean closed;

  private record Phase(String name, LongSupplier done, long total) {}

  /** Begins with a phase of unknown length. */
  Ticker(Progress progress, String phase) {
    this.progress = progress;
    this.phase = new Phase(phase, () -> 0, 0);
    thread.setDaemon(true);
    if (progress != Progress.NONE) {
      thread.start();
    }
  }

  @Override
  public void phase(String name, LongSupplier done, long total) {
    phase = new Phase(name, done, total);
  }

  private void run() {
    while (!closed) {
      Phase now = phase;
      progress.update(now.name, now.done.getAsLong(), now.total);
      LockSupport.parkNanos(PERIOD_NANOS);
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    Joining.join(thread);
  }
}
