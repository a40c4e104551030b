package dev.thaw.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TextTest {
  @Test
  void bytesAreGivenInTheUnitThatFits() {
    assertEquals("1023 B", Text.bytes(1023));
    assertEquals("1.5 KiB", Text.bytes(1536));
    assertEquals("256 MiB", Text.bytes(256L << 20));
    assertEquals("4.0 GiB", Text.bytes(4L << 30));
  }

  @Test
  void oneThingIsSingular() {
    assertEquals("1 process with 3 threads", Text.tree(1, 3));
    assertEquals("2 processes with 1 thread", Text.tree(2, 1));
    assertEquals("1,234,567 pages", Text.pages(1_234_567));
  }

  @Test
  void stagesKeepTheirOrder() {
    Map<String, Duration> stages = new LinkedHashMap<>();
    stages.put("read", Duration.ofNanos(1_540));
    stages.put("checks", Duration.ofMillis(20));
    assertEquals("read 1.54 us, checks 20.0 ms", Text.stages(stages));
  }
}
