package dev.thaw.pager;

import dev.thaw.store.Joining;
import java.util.concurrent.atomic.AtomicLong;

/** A thread that allocates as fast as it can, with some of it alive for a while. */
final class Garbage implements AutoCloseable {
  private static final int BYTES = 16 << 10;
  private static final int ALIVE = 2048;

  private final AtomicLong allocated = new AtomicLong();
  private final long begun = System.nanoTime();
  private final Thread thread = new Thread(this::allocate, "garbage");
  private volatile boolean ended;

  Garbage() {
    thread.start();
  }

  private void allocate() {
    byte[][] alive = new byte[ALIVE][];
    for (int i = 0; !ended; i++) {
      alive[i % ALIVE] = new byte[BYTES];
      allocated.lazySet(allocated.get() + BYTES);
    }
  }

  /** So far. */
  double gibPerSecond() {
    return allocated.get() / 1.073741824 / (System.nanoTime() - begun);
  }

  @Override
  public void close() {
    ended = true;
    Joining.join(thread);
  }
}
