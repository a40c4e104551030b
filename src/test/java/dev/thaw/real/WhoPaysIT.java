package dev.thaw.real;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.ImageCodec;
import dev.thaw.image.stats.TreeStats;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** thawd is in one memory cgroup and the launcher in another: who is charged for the memfds. */
@Tag("e2e")
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WhoPaysIT {
  private static final int MIB = 64;
  private static final long MEMORY = (long) MIB << 20;

  /** Tables, and what the kernel has not added up yet. */
  private static final long SLACK = 8 << 20;

  @TempDir Path directory;
  private MemoryGroup ofThawd;
  private MemoryGroup ofTree;
  private BenchDaemon thawd;

  @BeforeEach
  void startThawd() throws IOException {
    ofThawd = new MemoryGroup("thaw-serving");
    ofTree = new MemoryGroup("thaw-served");
    thawd = new BenchDaemon(directory.resolve("socket"), ofThawd::inside);
  }

  @AfterEach
  void endThawd() throws IOException {
    thawd.close();
    ofThawd.close();
    ofTree.close();
  }

  private Path checkpoint(String... kind) throws Exception {
    Path checkpoint = directory.resolve("checkpoint");
    Path ready = directory.resolve("ready");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("thaw.native"), "bench/ballast").toString());
    command.addAll(List.of(Integer.toString(MIB), ready.toString()));
    command.addAll(List.of(kind));
    try (Target program = Target.start(directory, command)) {
      Target.await("the program", () -> ready.toFile().length() > 0);
      program.dump(checkpoint);
    }
    return checkpoint;
  }

  /** Restores it by thawd from within the tree's group; all of its memory is there. */
  private Target restore(Path checkpoint, String... options) throws Exception {
    Path pidFile = directory.resolve("pid");
    List<Object> arguments =
        new ArrayList<>(List.of("restore", "-d", "-D", checkpoint, "--pidfile", pidFile));
    arguments.addAll(List.of(options));
    List<String> line = ofTree.inside(thawd.line(arguments.toArray()));
    BenchDaemon.succeeded(Thaw.runProgram(line));
    Target restored = Target.of(Long.parseLong(Files.readString(pidFile).strip()));
    Target.await("every page", () -> isFilled(restored.pid()));
    return restored;
  }

  private boolean isFilled(long pid) {
    try {
      String json = thawd.succeed("stats", pid, "--json").out();
      return ImageCodec.read("stats", json.getBytes(StandardCharsets.UTF_8), TreeStats.class)
          .filled();
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void assertPaid(long byThawd, long byTree) throws IOException {
    String figures =
        "thawd %d KiB, tree %d KiB"
            .formatted(ofThawd.sharedBytes() >> 10, ofTree.sharedBytes() >> 10);
    assertEquals(byThawd, ofThawd.sharedBytes(), SLACK, figures);
    assertEquals(byTree, ofTree.sharedBytes(), SLACK, figures);
    assertTrue(ofTree.usedBytes() >= byTree, figures);
  }

  @Test
  void theTreePaysForThePrivateMemoryThatThawdFills() throws Exception {
    try (Target restored = restore(checkpoint(), "--no-graduate")) {
      assertTrue(restored.hasPrivateMemfd());
      assertPaid(0, MEMORY);
    }
  }

  @Test
  void theTreePaysForTheSharedMemoryThatThawdFills() throws Exception {
    try (Target restored = restore(checkpoint("shared"), "--graduate")) {
      assertTrue(restored.isAlive());
      assertPaid(0, MEMORY);
    }
  }

  @Test
  void theTreePaysForTheSharedMemoryThatIsThereBeforeItRuns() throws Exception {
    try (Target restored = restore(checkpoint("shared"), "--eager")) {
      assertTrue(restored.isAlive());
      assertPaid(0, MEMORY);
    }
  }

  @Test
  void thawdPaysForWhatItHasLoaded() throws Exception {
    Path checkpoint = checkpoint();
    thawd.succeed("load", checkpoint);
    try (Target restored = restore(checkpoint, "--no-graduate")) {
      assertTrue(restored.isAlive());
      assertPaid(MEMORY, 0);
    }
  }

  @Test
  void theTreePaysForItsOwnCopyOfSharedMemoryThatIsLoaded() throws Exception {
    Path checkpoint = checkpoint("shared");
    thawd.succeed("load", checkpoint);
    try (Target restored = restore(checkpoint, "--no-graduate")) {
      assertTrue(restored.isAlive());
      assertPaid(MEMORY, MEMORY);
    }
  }
}
