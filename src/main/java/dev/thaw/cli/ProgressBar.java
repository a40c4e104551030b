package dev.thaw.cli;

import dev.thaw.Progress;
import dev.thaw.daemon.Caller;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;

/**
 * One line on a terminal that shows how far an operation is. Appears only after a second, and never
 * where stderr is not a terminal.
 */
final class ProgressBar implements Progress, AutoCloseable {
  private static final long SILENT_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long REDRAW_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final int WIDTH = 30;

  private final PrintStream terminal;
  private final long startNanos = System.nanoTime();
  private long drawnNanos;
  private int drawnLength;

  /** {@code terminal} may be null: then nothing is ever drawn. */
  ProgressBar(PrintStream terminal) {
    this.terminal = terminal;
  }

  /** Draws on the caller's stderr if that is a terminal. */
  static ProgressBar onTerminal(Caller caller) {
    return new ProgressBar(caller.terminal() ? caller.err() : null);
  }

  @Override
  public void update(String phase, long done, long total) {
    if (terminal != null) {
      draw(phase, done, total, System.nanoTime());
    }
  }

  synchronized void draw(String phase, long done, long total, long nowNanos) {
    if (nowNanos - startNanos < SILENT_NANOS || nowNanos - drawnNanos < REDRAW_NANOS) {
      return;
    }
    drawnNanos = nowNanos;
    String line = line(phase, done, total);
    terminal.print("\r" + line + " ".repeat(Math.max(0, drawnLength - line.length())));
    terminal.flush();
    drawnLength = line.length();
  }

  static String line(String phase, long done, long total) {
    if (total <= 0) {
      return phase;
    }
    int full = (int) (WIDTH * Math.min(done, total) / total);
    return String.format(
        "%s [%s%s] %d%%",
        phase, "#".repeat(full), ".".repeat(WIDTH - full), 100 * Math.min(done, total) / total);
  }

  @Override
  public void close() {
    wipe();
  }

  /** Takes the line off the terminal; it comes back with the next {@link #update}. */
  synchronized void wipe() {
    if (drawnLength > 0) {
      terminal.print("\r" + " ".repeat(drawnLength) + "\r");
      terminal.flush();
      drawnLength = 0;
    }
  }
}
