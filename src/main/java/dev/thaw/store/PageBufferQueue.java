package dev.thaw.store;

import dev.thaw.linux.AnonymousMemory;
import dev.thaw.linux.SyscallException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The buffers of a writer, free ones and full ones: full ones leave in the order in which they
 * came. Thread safe. All state is guarded by one lock, which no other is taken under.
 */
final class PageBufferQueue implements AutoCloseable {
  private static final long STEP_BYTES = 16 << 20;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<PageBuffer> free = new ArrayDeque<>();
  private final ArrayDeque<PageBuffer> full = new ArrayDeque<>();
  private final AnonymousMemory memory;
  private final int capacity;
  private final int earlyThreads;
  private int made;
  private long nextTicket;
  private boolean released;
  private boolean closed;
  private Throwable failure;

  /**
   * @param earlyThreads threads that get full buffers before {@link #release}
   */
  PageBufferQueue(int capacity, int earlyThreads) throws SyscallException {
    this.memory = new AnonymousMemory((long) capacity * PageBuffer.BYTES);
    this.capacity = capacity;
    this.earlyThreads = earlyThreads;
  }

  /** Touches all of the memory, by several threads; returns when it is there. */
  void populate(int threads) {
    long total = (long) capacity * PageBuffer.BYTES;
    AtomicLong next = new AtomicLong();
    List<Thread> all = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      Thread thread =
          new Thread(
              () -> {
                for (long at = next.getAndAdd(STEP_BYTES);
                    at < total;
                    at = next.getAndAdd(STEP_BYTES)) {
                  memory.populate(at, Math.min(STEP_BYTES, total - at));
                }
              },
              "store-populate-" + i);
      thread.setDaemon(true);
      thread.start();
      all.add(thread);
    }
    boolean interrupted = false;
    for (Thread thread : all) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** A free buffer, waiting for one if need be. */
  PageBuffer borrow() throws IOException {
    lock.lock();
    try {
      while (true) {
        throwFailure();
        if (!free.isEmpty()) {
          return free.pop(); // the one used last is the warmest
        }
        if (made < capacity) {
          return new PageBuffer(memory.slice((long) made++ * PageBuffer.BYTES, PageBuffer.BYTES));
        }
        if (!released) {
          released = true;
          changed.signalAll();
        }
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Puts a full buffer at the end. */
  void submit(PageBuffer buffer) throws IOException {
    lock.lock();
    try {
      throwFailure();
      if (closed) {
        throw new IllegalStateException("the page store is finished");
      }
      buffer.ticket = nextTicket++;
      full.add(buffer);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes the first full buffer, waiting for one; null after {@link #end} or a failure.
   *
   * @param thread number of the calling thread, from 0
   */
  PageBuffer take(int thread) {
    lock.lock();
    try {
      while (failure == null && (!(released || thread < earlyThreads) || full.isEmpty())) {
        if (closed) {
          return null;
        }
        changed.awaitUninterruptibly();
      }
      return failure == null ? full.poll() : null;
    } finally {
      lock.unlock();
    }
  }

  /** Gives a buffer back. */
  void giveBack(PageBuffer buffer) {
    buffer.clear();
    lock.lock();
    try {
      free.push(buffer);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Gives full buffers to all threads. */
  void release() {
    lock.lock();
    try {
      released = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** No more buffers come. */
  void end() {
    lock.lock();
    try {
      released = true;
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Makes every call from now on fail; the first failure counts. */
  void fail(Throwable cause) {
    lock.lock();
    try {
      failure = failure == null ? cause : failure;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void throwFailure() throws IOException {
    lock.lock();
    try {
      if (failure instanceof FileSystemException file) {
        IOException again =
            new FileSystemException(file.getFile(), file.getOtherFile(), file.getReason());
        again.initCause(file);
        throw again;
      }
      if (failure != null) {
        throw failure instanceof IOException
            ? new IOException(failure.getMessage(), failure)
            : new IOException("writing pages failed: " + failure, failure);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Frees the memory: no buffer may be in use. */
  @Override
  public void close() {
    memory.close();
  }
}
