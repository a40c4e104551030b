package dev.thaw.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Huge pages of one size that a test adds to the machine's. They are taken away again by {@link
 * #close}, and when the JVM ends before that.
 */
final class HugePagePool implements AutoCloseable {
  /** What the victim {@code hugetlb} needs. */
  static final int FOR_VICTIM = 48;

  /** There are enough for the victims while the tests of a class run. */
  static final class ForVictims implements BeforeAllCallback, AfterAllCallback {
    private HugePagePool pool;

    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
      pool = grow(FOR_VICTIM);
    }

    @Override
    public void afterAll(ExtensionContext context) {
      if (pool != null) {
        pool.close();
      }
    }
  }

  private static final Path POOLS = Path.of("/sys/kernel/mm/hugepages");
  private static final Path POOL = POOLS.resolve("hugepages-2048kB");
  private static final Path GIGANTIC = POOLS.resolve("hugepages-1048576kB");

  private final Path pool;
  private final Thread atExit = new Thread(this::giveBack);
  private long added;

  private HugePagePool(Path pool) {
    this.pool = pool;
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /** Adds so many of 2 MiB, and fails where the kernel has not got them. */
  static HugePagePool grow(int pages) throws IOException {
    HugePagePool pool = new HugePagePool(POOL);
    if (!pool.add(pages)) {
      pool.close();
      throw new AssertionError("the kernel has no memory for " + pages + " huge pages");
    }
    return pool;
  }

  /** Adds so many of 1 GiB; empty where the machine has not got them, as most have not. */
  static Optional<HugePagePool> growGigantic(int pages) throws IOException {
    if (!Files.exists(GIGANTIC)) {
      return Optional.empty();
    }
    HugePagePool pool = new HugePagePool(GIGANTIC);
    if (!pool.add(pages)) {
      pool.close();
      return Optional.empty();
    }
    return Optional.of(pool);
  }

  private synchronized boolean add(long pages) throws IOException {
    long before = number(pool, "nr_hugepages");
    Files.writeString(pool.resolve("nr_hugepages"), Long.toString(before + pages));
    added = number(pool, "nr_hugepages") - before;
    return added == pages;
  }

  /** How many of 2 MiB nobody uses or has reserved. */
  static long free() throws IOException {
    return number(POOL, "free_hugepages") - number(POOL, "resv_hugepages");
  }

  private static long number(Path pool, String name) throws IOException {
    return Long.parseLong(Files.readString(pool.resolve(name)).strip());
  }

  private synchronized void giveBack() {
    try {
      long left = number(pool, "nr_hugepages") - added;
      Files.writeString(pool.resolve("nr_hugepages"), Long.toString(left));
      added = 0;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    Runtime.getRuntime().removeShutdownHook(atExit);
    giveBack();
  }
}
