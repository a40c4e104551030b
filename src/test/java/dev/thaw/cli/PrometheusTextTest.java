package dev.thaw.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.thaw.image.stats.SampleStats;
import java.util.List;
import org.junit.jupiter.api.Test;

class PrometheusTextTest {
  private final String text = PrometheusText.of(List.of(SampleStats.tree()));
  private final ExpositionText read = ExpositionText.parse(text);

  private static String le(String kind, String bound) {
    return "thaw_fault_latency_seconds_bucket{kind="
        + kind
        + ", le="
        + bound
        + ", pid=600, space=0, tree=500}";
  }

  @Test
  void everySpaceHasItsCountsAndThoseThatEndedHaveOneTogether() {
    assertEquals(1000, read.value("thaw_faults_total{pid=600, space=0, tree=500}"));
    assertEquals(10, read.value("thaw_faults_total{pid=0, space=ended, tree=500}"));
    assertEquals(1010, read.sum("thaw_faults_total"));
    assertEquals(3, read.value("thaw_fill_queue_pages{tree=500}"));
    assertEquals(7, read.sum("thaw_events_total"));
  }

  @Test
  void aBoundIsTheLastNanosecondBelowAPowerOfTwo() {
    assertEquals(0, read.value(le("minor", "0.000004095")));
    assertEquals(900, read.value(le("minor", "0.000008191")));
    assertEquals(979, read.value(le("minor", "+Inf")));
    assertEquals(15, read.value(le("waited", "0.002097151")));
    assertEquals(20, read.value(le("waited", "0.067108863")));
  }

  @Test
  void timesAreSeconds() {
    assertEquals(
        900 * 4.096e-6 + 79 * 900e-6,
        read.value("thaw_fault_latency_seconds_sum{kind=minor, pid=600, space=0, tree=500}"),
        1e-12);
  }

  @Test
  void theCheckOfTheFormatSeesWhatIsWrong() {
    String[] broken = {
      text.stripTrailing(),
      text + text,
      text.replace("# TYPE thaw_faults_total counter\n", ""),
      text.replace("thaw_events_total", "thaw_events"),
      text.replace("tree=\"500\"} 3\n", "tree=\"500} 3\n"),
      text.replace("le=\"+Inf\"} 979", "le=\"+Inf\"} 978"),
      text.replaceFirst("le=\"0.000004095\"", "le=\"0.000008191\""),
    };
    for (String wrong : broken) {
      assertThrows(AssertionError.class, () -> ExpositionText.parse(wrong));
    }
  }
}
