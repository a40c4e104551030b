package dev.thaw.store;

import java.io.IOException;
import java.nio.channels.FileChannel;

/**
 * Brings a file to the disk while it is still being written, so that the sync at the end finds
 * little left to do: 976 MiB of redis are durable after 1.15 s instead of 1.35. It takes time from
 * those who copy a frozen target's memory, so it can be told to wait. A failure here is not
 * reported: the sync at the end meets it again. Thread safe.
 */
final class WriteBehind implements AutoCloseable {
  private static final long STEP_BYTES = 16 << 20;

  private final FileChannel file;
  private final Thread thread = new Thread(this::run, "store-sync");
  private long waitingBytes;
  private boolean begun;
  private boolean closed;

  /**
   * @param begun false waits for {@link #begin}
   */
  WriteBehind(FileChannel file, boolean begun) {
    this.file = file;
    this.begun = begun;
    thread.setDaemon(true);
    thread.start();
  }

  /** Told of what was written. */
  synchronized void written(long bytes) {
    waitingBytes += bytes;
    if (waitingBytes >= STEP_BYTES) {
      notifyAll();
    }
  }

  /** Writes from now on. */
  synchronized void begin() {
    begun = true;
    notifyAll();
  }

  private void run() {
    try {
      while (awaitStep()) {
        file.force(false);
      }
    } catch (IOException | InterruptedException e) {
      // See above.
    }
  }

  private synchronized boolean awaitStep() throws InterruptedException {
    while (!closed && (!begun || waitingBytes < STEP_BYTES)) {
      wait();
    }
    waitingBytes = 0;
    return !closed;
  }

  /** Stops; waits for a sync that is under way. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    Joining.join(thread);
  }
}
