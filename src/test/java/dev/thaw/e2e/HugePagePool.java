package dev.thaw.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Huge pages of 2 MiB that a test adds to the machine's. They are taken away again by {@link
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

  private static final Path POOL = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB");
  private static final Path SIZE = POOL.resolve("nr_hugepages");

  private final Thread atExit = new Thread(this::giveBack);
  private long added;

  private HugePagePool() {}

  /** Adds so many, and fails where the kernel has not got them. */
  static HugePagePool grow(int pages) throws IOException {
    HugePagePool pool = new HugePagePool();
    Runtime.getRuntime().addShutdownHook(pool.atExit);
    pool.add(pages);
    return pool;
  }

  private synchronized void add(long pages) throws IOException {
    long before = number("nr_hugepages");
    Files.writeString(SIZE, Long.toString(before + pages));
    long change = number("nr_hugepages") - before;
    added += change;
    if (change != pages) {
      giveBack();
      throw new AssertionError("the kernel has no memory for " + pages + " huge pages");
    }
  }

  /** How many nobody uses or has reserved. */
  static long free() throws IOException {
    return number("free_hugepages") - number("resv_hugepages");
  }

  private static long number(String name) throws IOException {
    return Long.parseLong(Files.readString(POOL.resolve(name)).strip());
  }

  private synchronized void giveBack() {
    try {
      Files.writeString(SIZE, Long.toString(number("nr_hugepages") - added));
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
