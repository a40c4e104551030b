package dev.thaw.real;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a restore holds at most: process, memfds, pager, page tables, all in one cgroup. */
@Tag("e2e")
class MemoryIT {
  private static final int MIB = 1 << 20;
  private static final int SMALL = 8;
  private static final int LARGE = 264;

  @TempDir Path directory;

  /** The JVM and whatever else does not depend on the size is in both, and falls out. */
  @ParameterizedTest
  @ValueSource(strings = {"graduate", "share"})
  @Timeout(value = 6, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void noPageIsHeldTwice(String memory) throws Exception {
    long small = peakOfRestore(SMALL, memory);
    long large = peakOfRestore(LARGE, memory);
    long own = (long) (LARGE - SMALL) * MIB;
    System.out.printf(
        "memory, %s: peak of %d MiB for %d MiB of the program%n",
        memory, (large - small) / MIB, own / MIB);
    assertTrue(large - small <= own + own * 15 / 100, (large - small) + " for " + own);
    assertTrue(large - small >= own * 9 / 10, "all of it was charged to the caller's group");
  }

  private long peakOfRestore(int mib, String memory) throws Exception {
    Path checkpoint = checkpoint(mib);
    try (MemoryGroup group = new MemoryGroup("thaw-memory-" + mib)) {
      Path pidFile = directory.resolve("pid-" + mib + memory);
      List<String> command =
          new ArrayList<>(List.of(System.getProperty("thaw.command", "target/thaw")));
      command.addAll(List.of("restore", "-d", "-D", checkpoint.toString()));
      command.addAll(List.of("--pidfile", pidFile.toString(), "--private-memory", memory));
      Thaw.Outcome outcome = Thaw.runProgram(group.inside(command));
      assertTrue(outcome.exit() == 0, outcome.toString());
      try (Target restored = Target.of(Long.parseLong(Files.readString(pidFile).strip()))) {
        Target.await("the end of filling", () -> !restored.hasHelper("java"));
        if (memory.equals("graduate")) {
          Target.await("the end of the pager", () -> !restored.hasHelper("thaw-pager"));
          assertFalse(restored.hasPrivateMemfd(), "its memory is its own");
        }
        return group.peakBytes();
      }
    } finally {
      Thaw.runProgram(List.of("rm", "-r", checkpoint.toString()));
    }
  }

  private Path checkpoint(int mib) throws Exception {
    Path checkpoint = directory.resolve("checkpoint-" + mib);
    Path ready = directory.resolve("ready-" + mib);
    String ballast = Path.of(System.getProperty("thaw.native"), "bench/ballast").toString();
    try (Target program =
        Target.start(directory, List.of(ballast, Integer.toString(mib), ready.toString()))) {
      Target.await("the program", () -> Files.exists(ready));
      program.dump(checkpoint);
    }
    Files.delete(ready);
    return checkpoint;
  }
}
