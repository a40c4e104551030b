package dev.thaw.cli;

import dev.thaw.image.stats.FaultCounts;
import dev.thaw.image.stats.FaultLatency;
import dev.thaw.image.stats.SpaceStats;
import dev.thaw.image.stats.TreeStats;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * Stats in the text format of Prometheus, version 0.0.4.
 *
 * <p>Labels: {@code tree} is the pid of thaw-init; {@code space} a number in it, or {@code ended}
 * for all address spaces that are no more; {@code pid} the process, 0 where that is not known (a
 * child of fork(2), {@code ended}).
 *
 * @see <a href="https://prometheus.io/docs/instrumenting/exposition_formats/">the format</a>
 */
final class PrometheusText {
  /** The Content-Type of it. */
  static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  /** Powers of two: below 256 ns lies no fault, above 17 s hardly any. */
  private static final int FIRST_BOUND = 8;

  private static final int LAST_BOUND = 34;

  private final StringBuilder out = new StringBuilder();
  private final List<Sample> samples = new ArrayList<>();

  private record Sample(TreeStats tree, SpaceStats space) {
    String labels() {
      String name = space.space() == SpaceStats.SUM ? "ended" : Integer.toString(space.space());
      return String.format(
          "tree=\"%d\",pid=\"%d\",space=\"%s\"", tree.initPid(), space.pid(), name);
    }
  }

  private PrometheusText(List<TreeStats> trees) {
    for (TreeStats tree : trees) {
      tree.spaces().forEach(space -> samples.add(new Sample(tree, space)));
      samples.add(new Sample(tree, tree.ended()));
    }
  }

  /** The metrics of some trees, in one text: a metric must not come twice. */
  static String of(List<TreeStats> trees) {
    PrometheusText text = new PrometheusText(trees);
    text.ofTrees(trees);
    text.ofSpaces();
    text.latency();
    return text.out.toString();
  }

  private void ofTrees(List<TreeStats> trees) {
    tree(
        "thaw_checkpoint_pages",
        "Pages of 4 KiB that the checkpoint holds for the tree.",
        trees,
        TreeStats::checkpointPages);
    tree(
        "thaw_filled_pages",
        "Of these, read from the checkpoint so far.",
        trees,
        TreeStats::filledPages);
    tree(
        "thaw_fill_queue_pages",
        "Pages that threads wait for and no filler has begun with.",
        trees,
        TreeStats::fillQueue);
    tree(
        "thaw_filled",
        "1 if no page is still to be read from the checkpoint.",
        trees,
        t -> t.filled() ? 1 : 0);
    tree(
        "thaw_spaces",
        "Living address spaces that the pager serves.",
        trees,
        t -> t.spaces().size());
  }

  private void tree(
      String name, String help, List<TreeStats> trees, ToLongFunction<TreeStats> value) {
    family(name, "gauge", help);
    for (TreeStats tree : trees) {
      out.append(
          String.format("%s{tree=\"%d\"} %d\n", name, tree.initPid(), value.applyAsLong(tree)));
    }
  }

  private void ofSpaces() {
    counter("thaw_faults_total", "Page faults read.", FaultCounts::faults);
    counter(
        "thaw_fill_waits_total",
        "Page faults that had to wait for the checkpoint to be read.",
        FaultCounts::waits);
    counter(
        "thaw_installed_demand_pages_total",
        "Pages installed because a thread waited for them.",
        FaultCounts::onDemand);
    counter(
        "thaw_installed_ahead_pages_total",
        "Pages installed before a thread asked for them.",
        FaultCounts::ahead);
    counter(
        "thaw_prefaulted_pages_total",
        "Pages installed before the tree ran.",
        FaultCounts::prefaulted);
    counter("thaw_copied_pages_total", "Installed pages that were copied.", FaultCounts::copied);
    counter("thaw_zero_pages_total", "Pages of zeros installed.", FaultCounts::zero);
    counter(
        "thaw_poisoned_pages_total", "Pages that could not be supplied.", FaultCounts::poisoned);
    counter("thaw_events_total", "Changes of address spaces that were read.", FaultCounts::events);
  }

  private void counter(String name, String help, ToLongFunction<FaultCounts> value) {
    family(name, "counter", help);
    for (Sample sample : samples) {
      long count = value.applyAsLong(sample.space().counts());
      out.append(String.format("%s{%s} %d\n", name, sample.labels(), count));
    }
  }

  private void latency() {
    String name = "thaw_fault_latency_seconds";
    family(name, "histogram", "From having read a fault to having woken its thread, by kind.");
    for (Sample sample : samples) {
      for (FaultLatency latency : sample.space().latency()) {
        if (!latency.kind().equals(FaultLatency.ALL)) {
          histogram(name, sample.labels() + ",kind=\"" + latency.kind() + "\"", latency);
        }
      }
    }
  }

  /** A bound of Prometheus is inclusive: the last whole nanosecond below the power of two. */
  private void histogram(String name, String labels, FaultLatency latency) {
    int next = 0;
    long below = 0;
    List<FaultLatency.Bucket> buckets = latency.buckets();
    for (int power = FIRST_BOUND; power <= LAST_BOUND; power++) {
      while (next < buckets.size() && buckets.get(next).endNanos() <= 1L << power) {
        below += buckets.get(next++).count();
      }
      bucket(name, labels, seconds((1L << power) - 1), below);
    }
    bucket(name, labels, "+Inf", latency.count());
    out.append(String.format("%s_sum{%s} %s\n", name, labels, seconds(latency.sumNanos())));
    out.append(String.format("%s_count{%s} %d\n", name, labels, latency.count()));
  }

  private void bucket(String name, String labels, String bound, long count) {
    out.append(String.format("%s_bucket{%s,le=\"%s\"} %d\n", name, labels, bound, count));
  }

  private static String seconds(long nanos) {
    return BigDecimal.valueOf(nanos, 9).stripTrailingZeros().toPlainString();
  }

  private void family(String name, String type, String help) {
    out.append("# HELP ").append(name).append(' ').append(help).append('\n');
    out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }
}
