package dev.thaw.image.stats;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.thaw.image.ImageCodec;
import dev.thaw.image.ImageFormatException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StatsJsonTest {
  private static TreeStats read(String json) throws ImageFormatException {
    return ImageCodec.read("stats", json.getBytes(StandardCharsets.UTF_8), TreeStats.class);
  }

  @Test
  void whatIsWrittenIsRead() throws Exception {
    TreeStats stats = SampleStats.tree();
    String line = ImageCodec.line(stats);
    assertFalse(line.contains("\n"));
    assertEquals(stats, read(line));
    assertEquals(stats, read(new String(ImageCodec.write(stats), StandardCharsets.UTF_8)));
  }

  @Test
  void whatIsNotExactlyStatsIsRefused() throws Exception {
    String json = ImageCodec.line(SampleStats.tree());
    assertThrows(ImageFormatException.class, () -> read(json.replace("initPid", "pid")));
    assertThrows(ImageFormatException.class, () -> read(json + "{}"));
  }
}
