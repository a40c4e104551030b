package dev.thaw.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
  private final ByteArrayOutputStream terminal = new ByteArrayOutputStream();
  private final ProgressBar bar = new ProgressBar(new PrintStream(terminal, true));
  private final long start = System.nanoTime();

  @Test
  void isSilentForASecond() {
    bar.draw("writing pages", 1, 2, start + TimeUnit.MILLISECONDS.toNanos(900));
    assertEquals("", terminal.toString());
  }

  @Test
  void showsHowFarItIsAfterASecond() {
    bar.draw("writing pages", 1, 2, start + TimeUnit.SECONDS.toNanos(2));
    assertEquals("\rwriting pages [###############...............] 50%", terminal.toString());
  }

  @Test
  void drawsAtMostTenTimesASecond() {
    bar.draw("reading", 1, 4, start + TimeUnit.MILLISECONDS.toNanos(2000));
    int length = terminal.size();
    bar.draw("reading", 2, 4, start + TimeUnit.MILLISECONDS.toNanos(2050));
    assertEquals(length, terminal.size());
  }

  @Test
  void leavesNothingOnTheTerminal() {
    bar.draw("reading", 0, 0, start + TimeUnit.SECONDS.toNanos(2));
    bar.close();
    assertEquals("\rreading\r       \r", terminal.toString());
  }

  @Test
  void drawsNothingWithoutATerminal() {
    try (ProgressBar none = new ProgressBar(null)) {
      none.update("reading", 1, 2);
    }
  }
}
