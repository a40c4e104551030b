package dev.thaw.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.PrivateMemory;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class CommandLineTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream err = new PrintStream(bytes, true);

  private String firstError() {
    return bytes.toString().lines().findFirst().orElse("");
  }

  @Test
  void aMissingOptionIsAUsageErrorInOneLine() {
    assertEquals(ExitCode.USAGE, Main.run(err, "dump", "-t", "1"));
    assertEquals(
        "thaw: Missing required option: '--images-dir=DIR'; see: thaw dump --help", firstError());
    assertEquals(1, bytes.toString().lines().count());
  }

  @Test
  void anUnknownCommandIsAUsageErrorInOneLine() {
    assertEquals(ExitCode.USAGE, Main.run(err, "thaw-it"));
    assertEquals(1, bytes.toString().lines().count());
  }

  @Test
  void anUnknownKindOfPrivateMemoryIsNamed() {
    assertEquals(ExitCode.USAGE, Main.run(err, "restore", "-D", "x", "--private-memory", "some"));
    assertTrue(firstError().contains("'some' is not graduate, share or exact"), firstError());
  }

  @Test
  void twoWordsAboutTheSameMemoryAreRefused() {
    assertEquals(
        ExitCode.USAGE,
        Main.run(err, "restore", "-D", "x", "--private-memory", "share", "--graduate"));
    assertTrue(firstError().contains("give one of them"), firstError());
  }

  @Test
  void withoutArgumentsItShowsTheCommands() {
    assertEquals(ExitCode.USAGE, Main.run(err));
    assertTrue(bytes.toString().contains("  restore  "));
  }

  @Test
  void dumpTakesTheOptionNamesOfCriu() {
    DumpCommand dump = new DumpCommand();
    new CommandLine(dump).parseArgs("--tree", "7", "--images-dir", "d", "--leave-running");
    assertEquals(7, dump.pid);
    assertEquals(Path.of("d"), dump.directory);
    assertTrue(dump.leaveRunning);
  }

  @Test
  void recordTakesSecondsOrNone() {
    RestoreCommand restore = new RestoreCommand();
    new CommandLine(restore).parseArgs("--record", "-D", "d");
    assertEquals(0, restore.recordSeconds);
    assertEquals(Path.of("d"), restore.directory);
    new CommandLine(restore).parseArgs("-D", "d", "--record=2.5");
    assertEquals(2.5, restore.recordSeconds);
    RestoreCommand without = new RestoreCommand();
    new CommandLine(without).parseArgs("-D", "d");
    assertEquals(null, without.recordSeconds);
  }

  @Test
  void onlySomeSignalsEndARecording() {
    assertEquals(
        ExitCode.USAGE, Main.run(err, "restore", "-D", "x", "--record-until-signal", "KILL"));
    assertTrue(firstError().contains("'KILL' is none of the signals"), firstError());
    assertEquals(1, bytes.toString().lines().count());
  }

  @Test
  void aRecordingOfNegativeTimeIsAUsageError() {
    assertEquals(ExitCode.USAGE, Main.run(err, "restore", "-D", "x", "--record=-1"));
    assertTrue(firstError().contains("--record"), firstError());
  }

  @Test
  void restoreTakesTheOptionNamesOfCriu() {
    RestoreCommand restore = new RestoreCommand();
    new CommandLine(restore)
        .parseArgs("-D", "d", "--restore-detached", "--pidfile", "p", "--private-memory", "exact");
    assertTrue(restore.detach);
    assertEquals(Optional.of(Path.of("p")), restore.pidfile);
    assertEquals(Optional.of(PrivateMemory.EXACT), restore.privateMemory);
  }
}
