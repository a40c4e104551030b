package dev.thaw.pager;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Figures by name, one a round or more, and what a row of a table says of them. */
final class BenchTable {
  private final Map<String, List<Double>> figures = new HashMap<>();

  void add(String name, double figure) {
    figures.computeIfAbsent(name, n -> new ArrayList<>()).add(figure);
  }

  private List<Double> sorted(String name) {
    return figures.get(name).stream().sorted().toList();
  }

  private double median(String name) {
    List<Double> sorted = sorted(name);
    return sorted.get(sorted.size() / 2);
  }

  /** {@code median (least–greatest)}. */
  String spread(String name, String format) {
    List<Double> sorted = sorted(name);
    return String.format(
        format + " (" + format + "–" + format + ")",
        median(name),
        sorted.get(0),
        sorted.get(sorted.size() - 1));
  }

  /** A row: what is measured, its baseline, the ratio of their medians, and more baselines. */
  void compare(String label, String name, String baseline, String format, String... more) {
    StringBuilder row =
        new StringBuilder(
            String.format(
                "| %s | %s | %s | %.2f |",
                label,
                spread(name, format),
                spread(baseline, format),
                median(name) / median(baseline)));
    for (String each : more) {
      row.append(' ').append(spread(each, format)).append(" |");
    }
    System.out.println(row);
  }
}
