package dev.thaw.cli;

import dev.thaw.daemon.DaemonThreads;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import picocli.CommandLine;

/**
 * Parsers of command lines, made while nobody waits for them: picocli takes longer to make one from
 * a class's annotations than to parse with it, and each is used once. Thread safe.
 */
final class SpareParsers {
  private static final int SPARES = 2;

  /** After the command that used one up has been answered. */
  private static final long DELAY_MILLIS = 10;

  private final Function<String, CommandLine> making;
  private final Map<String, Queue<CommandLine>> byName = new ConcurrentHashMap<>();
  private final ScheduledExecutorService maker =
      Executors.newSingleThreadScheduledExecutor(new DaemonThreads("parsers"));

  /**
   * Of commands that can be made by name.
   *
   * @param making thread safe
   */
  SpareParsers(Function<String, CommandLine> making) {
    this.making = making;
  }

  /** A parser for {@code name} that nobody else has; others of it will be there soon. */
  CommandLine take(String name) {
    Queue<CommandLine> spares = byName.computeIfAbsent(name, n -> new ConcurrentLinkedQueue<>());
    CommandLine spare = spares.poll();
    maker.schedule(() -> refill(name, spares), DELAY_MILLIS, TimeUnit.MILLISECONDS);
    return spare == null ? making.apply(name) : spare;
  }

  private void refill(String name, Queue<CommandLine> spares) {
    while (spares.size() < SPARES) {
      spares.add(making.apply(name));
    }
  }
}
