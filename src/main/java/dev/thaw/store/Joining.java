package dev.thaw.store;

/**
 * Waits for the end of a thread, come what may: what it reads from is closed next, and a page that
 * a filler cannot read any more would be taken for a damaged one.
 */
public final class Joining {
  private Joining() {}

  /** An interrupt meanwhile is kept for later. */
  public static void join(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
