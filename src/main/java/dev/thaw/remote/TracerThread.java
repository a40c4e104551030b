package dev.thaw.remote;

import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The one thread that traces a tree: ptrace(2) knows its tracer by thread, and detaches every
 * tracee when that thread ends.
 */
public final class TracerThread implements AutoCloseable {
  /** Idle ones that {@link #lease} gives out: to start a thread takes half a millisecond. */
  private static final Queue<TracerThread> IDLE = new ConcurrentLinkedQueue<>();

  private static final int MAX_IDLE = 4;

  private final ExecutorService executor;
  private volatile Thread worker;

  public TracerThread(String name) {
    executor =
        Executors.newSingleThreadExecutor(
            work -> {
              Thread thread = new Thread(work, name);
              thread.setDaemon(true);
              return thread;
            });
  }

  /** One that has traced before, if there is one; to be given back, or closed. */
  public static TracerThread lease() {
    TracerThread idle = IDLE.poll();
    return idle != null ? idle : new TracerThread("tracer");
  }

  /** Of a {@link #lease}: it traces nothing any more. */
  public void giveBack() {
    if (IDLE.size() < MAX_IDLE) {
      IDLE.add(this);
    } else {
      close();
    }
  }

  /**
   * Runs {@code work} on the tracer thread and waits for it. An interrupt is passed on to the work,
   * and its end is waited for all the same: it puts back what it has changed.
   *
   * @throws IOException as thrown by {@code work}; any other checked exception is its cause
   */
  public <T> T submit(Callable<T> work) throws IOException {
    CompletableFuture<T> done = new CompletableFuture<>();
    executor.submit(
        () -> {
          worker = Thread.currentThread();
          try {
            done.complete(work.call());
          } catch (Throwable e) {
            done.completeExceptionally(e);
          } finally {
            Thread.interrupted();
          }
        });
    boolean interrupted = false;
    while (true) {
      try {
        T result = done.get();
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
        return result;
      } catch (ExecutionException e) {
        throw rethrown(e.getCause());
      } catch (InterruptedException e) {
        interrupted = true;
        Thread working = worker;
        if (working != null) {
          working.interrupt();
        }
      }
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
