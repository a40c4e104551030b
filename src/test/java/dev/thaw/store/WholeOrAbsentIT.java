package dev.thaw.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.ImageFormatException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Dumps that end early, by a signal or by a full disk. */
@Tag("kernel")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WholeOrAbsentIT {
  @TempDir Path directory;

  private Process start() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-Dthaw.native=" + System.getProperty("thaw.native"),
            "-cp",
            System.getProperty("java.class.path"),
            EndlessDumper.class.getName(),
            directory.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  /** Lets the dumper begin {@code count} checkpoints, and a random bit of the last one. */
  private static void await(Process dumper, int count, Random random) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(dumper.getInputStream()));
    for (int i = 0; i < count; i++) {
      assertEquals(String.valueOf(i), lines.readLine());
    }
    long end = System.nanoTime() + random.nextInt(40_000_000);
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  private List<Path> entries() throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.toList();
    }
  }

  /** How many of the checkpoints are whole; fails if one is neither whole nor absent. */
  private int wholeOnes(boolean debrisAllowed) throws IOException {
    int whole = 0;
    for (Path entry : entries()) {
      String name = entry.getFileName().toString();
      if (name.startsWith(".")) {
        assertTrue(debrisAllowed, name);
      } else if (Files.exists(entry.resolve("checksums"))) {
        assertEquals(List.of(), Verifier.verify(entry, 1, (done, total) -> {}).problems());
        CheckpointDir.open(entry);
        whole++;
      } else {
        assertThrows(ImageFormatException.class, () -> CheckpointDir.open(entry));
        try (Stream<Path> left = Files.list(entry)) {
          assertTrue(debrisAllowed || left.findAny().isEmpty(), name);
        }
      }
    }
    return whole;
  }

  @Test
  void aDumpThatIsKilledLeavesAWholeCheckpointOrNone() throws Exception {
    Random random = new Random(1);
    for (int run = 0; run < 12; run++) {
      Process dumper = start();
      int begun = 1 + random.nextInt(8);
      await(dumper, begun, random);
      dumper.destroyForcibly().waitFor();
      assertTrue(wholeOnes(true) >= begun - 1);
      clean(directory);
    }
  }

  @Test
  void aDumpThatIsTerminatedLeavesAWholeCheckpointOrNothing() throws Exception {
    Random random = new Random(2);
    for (int run = 0; run < 8; run++) {
      Process dumper = start();
      int begun = 1 + random.nextInt(8);
      await(dumper, begun, random);
      dumper.destroy();
      assertTrue(dumper.waitFor(20, TimeUnit.SECONDS));
      assertTrue(wholeOnes(false) >= begun - 1);
      clean(directory);
    }
  }

  @Test
  void aFullDiskIsNamedAndNothingIsLeft() throws Exception {
    Path small = Files.createDirectory(directory.resolve("small"));
    run("mount", "-t", "tmpfs", "-o", "size=1m", "thaw-test", small.toString());
    try {
      IOException e =
          assertThrows(
              IOException.class,
              () ->
                  Pages.checkpoint(
                      small.resolve("c"), PageStoreOptions.DEFAULTS, Pages.noise(3000, 1)));
      assertTrue(e.getMessage().endsWith("pages.img: No space left on device"), e.getMessage());
      try (Stream<Path> left = Files.list(small)) {
        assertEquals(List.of(), left.toList());
      }
    } finally {
      run("umount", small.toString());
    }
  }

  @Test
  void putDoesNotWaitForeverWhereTheDiskIsFull() throws Exception {
    Path small = Files.createDirectory(directory.resolve("small"));
    run("mount", "-t", "tmpfs", "-o", "size=1m", "thaw-test", small.toString());
    try (CheckpointWriter checkpoint = CheckpointWriter.begin(small.resolve("c"));
        PageStoreWriter writer =
            new PageStoreWriter(checkpoint, PageStoreOptions.DEFAULTS.withBufferBytes(0))) {
      PageSink sink = writer.sink("1");
      ByteBuffer noise = Pages.noise(256, 1);
      assertThrows(
          IOException.class,
          () -> {
            for (long i = 0; i < 100; i++) {
              noise.putLong(0, i);
              for (int page = 0; page < 256; page++) {
                noise.putLong(page * Pages.PAGE, i);
              }
              writer.put(noise.duplicate(), sink, i * 256);
            }
          });
    } finally {
      run("umount", small.toString());
    }
    assertFalse(Files.exists(small.resolve("c")));
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertEquals(0, process.waitFor(), String.join(" ", command));
  }

  private static void clean(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        if (!path.equals(directory)) {
          Files.delete(path);
        }
      }
    }
  }
}
