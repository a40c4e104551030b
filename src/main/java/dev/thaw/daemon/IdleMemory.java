package dev.thaw.daemon;

import dev.thaw.linux.ThisProcess;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Gives memory back when nothing has been asked for a while: a full collection shrinks the heap,
 * and unmaps the tables of trees that are done; a second one, later, finds what the first had
 * cleaned only. Thread safe.
 */
final class IdleMemory {
  private static final long QUIET_MILLIS = 1000;
  private static final long AGAIN_MILLIS = 3000;

  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(new DaemonThreads("idle"));

  private int running;
  private ScheduledFuture<?> due;

  /** Whether a command runs. */
  synchronized boolean isBusy() {
    return running > 0;
  }

  /** A command begins. */
  synchronized void busy() {
    running++;
    if (due != null) {
      due.cancel(false);
      due = null;
    }
  }

  /** A command has ended. */
  synchronized void done() {
    running--;
    if (running == 0) {
      due = timer.schedule(this::giveBackTwice, QUIET_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void giveBackTwice() {
    giveBack();
    synchronized (this) {
      if (running == 0) {
        due = timer.schedule(this::giveBack, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
      }
    }
  }

  /** What the collection has cleaners free comes back a moment after it. */
  private void giveBack() {
    System.gc();
    timer.schedule(ThisProcess::trim, QUIET_MILLIS, TimeUnit.MILLISECONDS);
  }
}
