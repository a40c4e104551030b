package dev.thaw.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A strict reader of the text format of Prometheus 0.0.4. Whatever the format forbids, and what
 * promtool's linter complains about, fails the test: a metric without HELP and TYPE before it or in
 * two places, a series that comes twice, a counter without {@code _total}, a histogram whose
 * buckets do not ascend or whose last bucket is not {@code +Inf} and equal to its count.
 */
public final class ExpositionText {
  private static final Pattern COMMENT =
      Pattern.compile("# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)");
  private static final Pattern SAMPLE =
      Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)\\{([^{}]*)\\} ([0-9]+(?:\\.[0-9]+)?|[+]Inf|NaN)");
  private static final Pattern LABEL =
      Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\\n]|\\\\[\\\\\"n])*)\"(?:,|$)");

  private final Map<String, String> types = new LinkedHashMap<>();
  private final Map<String, Double> values = new LinkedHashMap<>();
  private final Map<String, List<double[]>> buckets = new LinkedHashMap<>();
  private String family;
  private String helped;

  private ExpositionText() {}

  /** Reads all of it. */
  public static ExpositionText parse(String text) {
    assertTrue(text.endsWith("\n"), "the last line ends, too");
    ExpositionText read = new ExpositionText();
    text.lines().forEach(read::line);
    read.checkHistograms();
    return read;
  }

  /** The value of {@code name{labels}}, labels by name in ascending order. */
  public double value(String series) {
    assertTrue(values.containsKey(series), series + " in " + values.keySet());
    return values.get(series);
  }

  /** The sum of all series of a metric. */
  public double sum(String name) {
    List<Double> found = new ArrayList<>();
    values.forEach(
        (series, value) -> {
          if (series.startsWith(name + "{")) {
            found.add(value);
          }
        });
    assertFalse(found.isEmpty(), name);
    return found.stream().mapToDouble(d -> d).sum();
  }

  private void line(String line) {
    if (!line.startsWith("#")) {
      sample(line);
      return;
    }
    Matcher comment = COMMENT.matcher(line);
    assertTrue(comment.matches(), line);
    String name = comment.group(2);
    if (comment.group(1).equals("HELP")) {
      assertFalse(types.containsKey(name), "twice: " + line);
      helped = name;
    } else {
      assertEquals(helped, name, "TYPE comes after HELP");
      assertTrue(Set.of("counter", "gauge", "histogram").contains(comment.group(3)), line);
      assertEquals(comment.group(3).equals("counter"), name.endsWith("_total"), line);
      assertNull(types.put(name, comment.group(3)), "twice: " + line);
      family = name;
    }
  }

  private void sample(String line) {
    Matcher sample = SAMPLE.matcher(line);
    assertTrue(sample.matches(), line);
    String name = sample.group(1);
    assertNotNull(family, line);
    TreeMap<String, String> labels = labels(sample.group(2));
    if (types.get(family).equals("histogram")) {
      assertTrue(Set.of("_bucket", "_sum", "_count").contains(suffix(name)), line);
      assertEquals(name.endsWith("_bucket"), labels.containsKey("le"), line);
    } else {
      assertEquals(family, name, "a sample stands with its family");
    }
    assertNull(values.put(name + labels, number(sample.group(3))), "twice: " + line);
    if (name.endsWith("_bucket")) {
      double bound = number(labels.remove("le"));
      buckets
          .computeIfAbsent(family + labels, series -> new ArrayList<>())
          .add(new double[] {bound, number(sample.group(3))});
    }
  }

  private String suffix(String name) {
    assertTrue(name.startsWith(family), name + " stands with " + family);
    return name.substring(family.length());
  }

  private static TreeMap<String, String> labels(String text) {
    TreeMap<String, String> labels = new TreeMap<>();
    Matcher label = LABEL.matcher(text);
    int end = 0;
    while (end < text.length()) {
      assertTrue(label.find(end) && label.start() == end, text);
      assertNull(labels.put(label.group(1), label.group(2)), text);
      end = label.end();
    }
    return labels;
  }

  private static double number(String text) {
    return text.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(text);
  }

  private void checkHistograms() {
    buckets.forEach(
        (series, bounds) -> {
          for (int i = 1; i < bounds.size(); i++) {
            assertTrue(bounds.get(i)[0] > bounds.get(i - 1)[0], series);
            assertTrue(bounds.get(i)[1] >= bounds.get(i - 1)[1], series);
          }
          double[] last = bounds.get(bounds.size() - 1);
          assertEquals(Double.POSITIVE_INFINITY, last[0], series);
          int brace = series.indexOf('{');
          String labels = series.substring(brace);
          String name = series.substring(0, brace);
          assertEquals(last[1], values.get(name + "_count" + labels), series);
          assertTrue(values.containsKey(name + "_sum" + labels), series);
        });
  }
}
