package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.cli.ExpositionText;
import dev.thaw.image.ImageCodec;
import dev.thaw.image.stats.FaultCounts;
import dev.thaw.image.stats.TreeStats;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code thaw stats} of a living tree. */
@Tag("e2e")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StatsIT {
  @TempDir Path directory;

  private static TreeStats json(int pid) throws Exception {
    String json = Command.thaw("stats", pid, "--json").succeeded().output();
    return ImageCodec.read("stats", json.getBytes(StandardCharsets.UTF_8), TreeStats.class);
  }

  @Test
  void allFormsTellTheSameOfATreeThatHasBeenTouched() throws Exception {
    try (Victim victim = Victim.start("process_tree", directory)) {
      victim.restore(victim.dump("checkpoint"), "--private-memory", "share");
      Victim.await("every page", () -> filled(victim.pid()));
      TreeStats stats = json(victim.pid());
      FaultCounts counts = stats.total().counts();
      assertEquals(stats.checkpointPages(), stats.filledPages());
      assertEquals(0, stats.fillQueue());
      assertEquals(
          counts.faults(),
          stats.spaces().stream().mapToLong(s -> s.counts().faults()).sum()
              + stats.ended().counts().faults());
      assertTrue(stats.spaces().stream().anyMatch(s -> s.pid() == victim.pid()), stats.toString());
      Path file = directory.resolve("thaw.prom");
      Command.thaw("stats", victim.pid(), "--prometheus", file).succeeded();
      ExpositionText metrics = ExpositionText.parse(Files.readString(file));
      assertEquals(counts.faults(), metrics.sum("thaw_faults_total"));
      assertEquals(stats.total().all().count(), metrics.sum("thaw_fault_latency_seconds_count"));
      String text = Command.thaw("stats", victim.pid()).succeeded().output();
      assertTrue(text.contains("pages in the checkpoint"), text);
      victim.check();
    }
  }

  private static boolean filled(int pid) {
    try {
      return json(pid).filled();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void watchingEndsWithTheTree() throws Exception {
    try (Victim victim = Victim.start("threads", directory)) {
      victim.restore(victim.dump("checkpoint"), "--private-memory", "share");
      Path output = directory.resolve("watched");
      Process watch =
          new ProcessBuilder(
                  System.getProperty("thaw.command", "target/thaw"),
                  "stats",
                  Integer.toString(victim.pid()),
                  "--watch",
                  "0.05",
                  "--json")
              .redirectOutput(output.toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      Victim.await("three lines", () -> lines(output).size() >= 3);
      victim.check();
      assertEquals(0, watch.waitFor());
      List<String> lines = lines(output);
      byte[] last = lines.get(lines.size() - 1).getBytes(StandardCharsets.UTF_8);
      assertTrue(ImageCodec.read("stats", last, TreeStats.class).total().counts().faults() > 0);
    }
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (java.io.IOException e) {
      return List.of();
    }
  }
}
