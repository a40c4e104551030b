// The two charts, by uPlot.
const charts = {
  made: [],

  // Ticks of memory are at powers of two of pages.
  powers: Array.from({ length: 40 }, (_, power) => 2 ** power),

  axes(xValues, yValues, xLabel, yLabel, yIncrements) {
    const axis = {
      stroke: colour("--quiet"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { stroke: colour("--line"), width: 1 },
      font: "12px system-ui, sans-serif",
      labelFont: "12px system-ui, sans-serif",
    };
    return [{ ...axis, values: xValues, label: xLabel }, { ...axis, values: yValues, label: yLabel, size: 70, ...(yIncrements && { incrs: yIncrements }) }];
  },

  none(id, text) {
    const place = document.getElementById(id);
    place.classList.remove("chart");
    place.append(element("p", { class: "none" }, text));
  },

  add(id, label, options, values) {
    const place = document.getElementById(id);
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", label);
    const plot = new uPlot({ width: place.clientWidth, ...options }, values, place);
    charts.made.push({ plot, place, height: options.height });
    document.body.dataset.charts = charts.made.length;
  },

  workingSet() {
    const curves = data.recordings;
    if (!curves.length) {
      charts.none("working-set", "Nothing is recorded yet: thaw restore --record.");
      return;
    }
    const series = [{ label: "after", value: (u, v) => (v == null ? "-" : duration(v * 1e9)) }];
    const tables = [];
    curves.forEach((curve, i) => {
      const strokes = [colour("--accent"), colour("--second")];
      const value = (u, v) => (v == null ? "-" : `${count(v)} pages, ${bytes(v)}`);
      const dash = i ? [2 + 3 * i, 4] : undefined;
      tables.push([curve.seconds, curve.pages], [curve.seconds, curve.written]);
      const suffix = curves.length > 1 ? ` (${curve.name})` : "";
      series.push(
        { label: `touched${suffix}`, stroke: strokes[0], width: 2, dash, spanGaps: true, value, points: { show: false } },
        { label: `of these first written to${suffix}`, stroke: strokes[1], width: 2, dash, spanGaps: true, value, points: { show: false } });
    });
    const last = curves[curves.length - 1];
    charts.add("working-set",
      `${count(data.touchedPages)} pages touched; ${curves.length} recordings, the last of ${
        duration(last.seconds[last.seconds.length - 1] * 1e9)}`,
      {
        height: 370,
        scales: { x: { time: false }, y: { range: (u, min, max) => [0, Math.max(8, max * 1.05)] } },
        series,
        axes: charts.axes((u, ticks) => ticks.map((v) => (v ? duration(v * 1e9) : "0")),
          (u, ticks) => ticks.map((v) => (v ? bytes(v) : "0")), "since the start", "touched", charts.powers),
      },
      uPlot.join(tables));
  },

  // A bar for each quarter of a power of two.
  bars(latency) {
    const quarter = (nanos) => Math.floor(4 * Math.log2(Math.max(1, nanos)) + 1e-9);
    const first = quarter(latency.buckets[0].fromNanos);
    const end = quarter(latency.buckets[latency.buckets.length - 1].fromNanos) + 1;
    const counts = new Array(end - first).fill(0);
    latency.buckets.forEach((bucket) => {
      counts[quarter(bucket.fromNanos) - first] += bucket.count;
    });
    return { first, counts };
  },

  latency() {
    const all = data.latency.find((kind) => kind.kind === "all");
    if (!all || !all.count) {
      charts.none("latency", "No latencies are kept with this checkpoint: thaw stats PID --json, then thaw report --stats.");
      return;
    }
    const { first, counts } = charts.bars(all);
    const time = (i) => 2 ** ((first + i) / 4);
    charts.add("latency",
      `${count(all.count)} faults: median ${duration(all.p50Nanos)}, 99th percentile ${duration(all.p99Nanos)}`,
      {
        height: 270,
        scales: {
          x: { time: false, range: [-0.6, counts.length - 0.4] },
          y: { distr: 3, range: (u, min, max) => [0.5, Math.max(10, max * 1.5)] },
        },
        series: [
          { label: "from", value: (u, v) => (v == null ? "-" : `${duration(time(v))} to ${duration(time(v + 1))}`) },
          {
            label: "faults",
            stroke: colour("--second"),
            fill: colour("--second"),
            paths: uPlot.paths.bars({ size: [0.85] }),
            points: { show: false },
            value: (u, v) => (v == null ? "-" : count(v)),
          },
        ],
        axes: charts.axes((u, ticks) => ticks.map((v) => (Number.isInteger(v) ? duration(time(v)) : "")),
          (u, ticks) => ticks.map((v) => (v >= 1 && Number.isInteger(Math.log10(v)) ? count(v) : "")),
          "from the fault's message to the thread awake", "faults"),
      },
      [counts.map((_, i) => i), counts.map((n) => n || null)]);
    charts.percentiles();
  },

  percentiles() {
    const table = document.getElementById("percentiles");
    const names = { all: "all", minor: "page was there", zero: "zeros", copied: "copied", waited: "read first", noPage: "no page" };
    const heads = ["faults", "answered", "p50", "p90", "p99", "p99.9", "max"];
    table.replaceChildren(
      element("caption", { class: "none" }, `from ${data.latencyFrom}`),
      element("thead", {}, element("tr", {}, ...heads.map((h) => element("th", { scope: "col" }, h)))),
      element("tbody", {}, ...data.latency.filter((k) => k.count).map((k) => element("tr", {},
        ...[names[k.kind] || k.kind, count(k.count),
          ...[k.p50Nanos, k.p90Nanos, k.p99Nanos, k.p999Nanos, k.maxNanos].map(duration)]
          .map((text) => element("td", {}, text))))));
  },

  draw() {
    charts.made.forEach(({ plot }) => plot.destroy());
    charts.made = [];
    ["working-set", "latency"].forEach((id) => document.getElementById(id).replaceChildren());
    charts.workingSet();
    charts.latency();
  },

  start() {
    charts.draw();
    window.addEventListener("resize", () => {
      charts.made.forEach(({ plot, place, height }) => plot.setSize({ width: place.clientWidth, height }));
    });
    // Canvases do not follow the style by themselves.
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      charts.draw();
      map.legend();
      map.drawAll();
    });
  },
};

charts.start();
document.body.dataset.ready = "yes";
