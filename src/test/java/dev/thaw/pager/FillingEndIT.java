package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.SpawnedProcess;
import dev.thaw.store.PageSource;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("kernel")
@Timeout(value = 30, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FillingEndIT {
  private static final int SIGKILL = 9;
  private static final int FRAMES = 1000;

  /** Empty pages. Every frame waits for the gate. */
  private static final class Gated implements PageSource {
    private final CountDownLatch gate = new CountDownLatch(1);
    private final AtomicInteger read = new AtomicInteger();

    @Override
    public long pageCount() {
      return FRAMES;
    }

    @Override
    public int framePages() {
      return 1;
    }

    @Override
    public void readFrame(long frame, ByteBuffer out) {
      read.incrementAndGet();
      try {
        gate.await();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      out.put(new byte[PAGE_BYTES]);
    }
  }

  @Test
  void nothingIsFilledForATreeThatIsGone() throws Exception {
    Gated source = new Gated();
    try (InitUnderTest init = new InitUnderTest();
        PagerSession session = PagerSession.create(init.connection(), source)) {
      session.addBacking(
          new BackingSpec(
              "thaw-private",
              false,
              List.of(new Slot(0, FRAMES)),
              List.of(new Extent(0, FRAMES, 0))));
      CompletableFuture<Void> filled = session.fillAll();
      int threads = Runtime.getRuntime().availableProcessors();
      while (source.read.get() < threads) {
        LockSupport.parkNanos(1_000_000);
      }
      assertTrue(SpawnedProcess.kill(init.pid(), SIGKILL));
      while (init.connection().isConnected()) {
        LockSupport.parkNanos(1_000_000);
      }
      source.gate.countDown();
      filled.get();
      assertEquals(threads, source.read.get());
    }
  }
}
