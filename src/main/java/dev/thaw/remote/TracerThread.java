package dev.thaw.remote;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The one thread that traces a tree: ptrace(2) knows its tracer by thread, and detaches every
 * tracee when that thread ends.
 */
public final class TracerThread implements AutoCloseable {
  private final ExecutorService executor;

  public TracerThread(String name) {
    executor =
        Executors.newSingleThreadExecutor(
            work -> {
              Thread thread = new Thread(work, name);
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Runs {@code work} on the tracer thread and waits for it.
   *
   * @throws IOException as thrown by {@code work}; any other checked exception is its cause
   */
  public <T> T submit(Callable<T> work) throws IOException {
    try {
      return executor.submit(work).get();
    } catch (ExecutionException e) {
      throw rethrown(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the tracer thread worked", e);
    }
  }

  private static IOException rethrown(Throwable cause) {
    if (cause instanceof RuntimeException) {
      throw (RuntimeException) cause;
    }
    if (cause instanceof Error) {
      throw (Error) cause;
    }
    return cause instanceof IOException ? (IOException) cause : new IOException(cause);
  }

  /** Ends the thread when its work is done; what it still traces runs on untraced. */
  @Override
  public void close() {
    executor.shutdown();
  }
}
