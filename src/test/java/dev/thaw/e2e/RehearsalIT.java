package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.linux.UnixListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What thawd does before anybody asks for something. */
@Tag("e2e")
@Timeout(value = 100, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RehearsalIT {
  private static final String COMMAND =
      Path.of(System.getProperty("thaw.command", "target/thaw")).toAbsolutePath().toString();

  @TempDir Path directory;

  /** Ended as it serves, as its first file appears, in its dump and in its restores. */
  @RepeatedTest(8)
  void leavesNothingBehindWhereverItIsEnded(RepetitionInfo repetition) throws Exception {
    Path socket = directory.resolve("thawd.sock");
    ProcessBuilder builder = new ProcessBuilder(COMMAND, "daemon", "--socket", socket.toString());
    Path log = directory.resolve("log");
    Process thawd = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      Victim.await("thawd", () -> serves(socket));
      switch (repetition.getCurrentRepetition() % 4) {
        case 0 -> Victim.await("its directory", () -> has(""));
        case 1 -> Victim.await("its dump", () -> has("checkpoint"));
        case 2 -> Victim.await("its first tree", () -> has("pid"));
        default -> assertTrue(thawd.isAlive());
      }
      thawd.destroy();
      assertTrue(thawd.waitFor(60, TimeUnit.SECONDS));
      assertFalse(Files.exists(home()), Files.readString(log));
    } finally {
      thawd.destroyForcibly();
    }
  }

  private static boolean serves(Path socket) {
    try {
      return UnixListener.isServed(socket.toString());
    } catch (IOException e) {
      return false;
    }
  }

  private Path home() {
    return directory.resolve("thawd.sock.rehearsal");
  }

  /** Whether the directory of the rehearsal is there, and in it what is named so. */
  private boolean has(String name) {
    return Files.exists(home().resolve(name));
  }
}
