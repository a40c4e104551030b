package dev.thaw.real;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Figures of a bench by name, and what a cell of a table says of them. */
final class Samples {
  private final Map<String, List<Double>> figures = new LinkedHashMap<>();

  void add(String name, double figure) {
    figures.computeIfAbsent(name, n -> new ArrayList<>()).add(figure);
  }

  void addAll(String name, List<Double> more) {
    figures.computeIfAbsent(name, n -> new ArrayList<>()).addAll(more);
  }

  int count(String name) {
    return figures.getOrDefault(name, List.of()).size();
  }

  /** The first that was added. */
  double first(String name) {
    return figures.get(name).get(0);
  }

  /** Such a share of all is not above it. */
  double quantile(String name, double share) {
    double[] sorted = figures.get(name).stream().mapToDouble(v -> v).sorted().toArray();
    return sorted[(int) Math.min(sorted.length - 1, sorted.length * share)];
  }

  double median(String name) {
    return quantile(name, 0.5);
  }

  /** {@code median (least–greatest)}; a dash where there is none. */
  String spread(String name, String format) {
    if (count(name) == 0) {
      return "–";
    }
    return String.format(
        format + " (" + format + "–" + format + ")",
        median(name),
        quantile(name, 0),
        quantile(name, 1));
  }
}
