package dev.thaw.cli;

import dev.thaw.LiveStats;
import dev.thaw.Template;
import dev.thaw.ThawException;
import dev.thaw.image.ImageCodec;
import dev.thaw.image.stats.TreeStats;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code thaw stats}. */
@Command(
    name = "stats",
    description = {
      "Shows how the memory of a restored process has come back so far, and how long faults take.",
      "",
      "Once, or again and again until the tree ends: in place on a terminal, a line for each interval"
          + " elsewhere."
    })
final class StatsCommand extends ThawCommand {
  @Parameters(
      paramLabel = "PID|NAME",
      description = "A process of a restored tree, or a template; see thaw list.")
  String what;

  @Option(
      names = "--watch",
      arity = "0..1",
      fallbackValue = "1",
      paramLabel = "SECONDS",
      description = "Show it again after so many seconds, until the tree ends (1).")
  Double watchSeconds;

  @ArgGroup Form form = new Form();

  @Spec CommandSpec spec;

  /** At most one of them. */
  static final class Form {
    @Option(names = "--json", description = "Print JSON; with --watch, one line of it each time.")
    boolean json;

    @Option(
        names = "--prometheus",
        paramLabel = "FILE",
        description =
            "Write the metrics to FILE, which is replaced as a whole, for the textfile collector of"
                + " node_exporter.")
    Optional<Path> prometheusFile = Optional.empty();

    @Option(
        names = "--prometheus-socket",
        paramLabel = "PATH",
        description = "Answer HTTP GET /metrics on a UNIX socket until the tree ends.")
    Optional<Path> prometheusSocket = Optional.empty();
  }

  @Override
  public Integer call() throws Exception {
    if (watchSeconds != null && !(watchSeconds > 0 && watchSeconds <= 86400)) {
      throw new ParameterException(
          spec.commandLine(), "--watch " + watchSeconds + ": not within a second and a day");
    }
    if (!what.matches("\\d+")) {
      return ofTemplate();
    }
    LiveStats live = LiveStats.of(pid());
    if (form.prometheusSocket.isPresent()) {
      serve(live, path(form.prometheusSocket.get()));
      return ExitCode.OK;
    }
    StatsText text = new StatsText(caller.templates().isEmpty() && System.console() != null);
    show(live.now(), text);
    while (watchSeconds != null && awaitNext(live)) {
      show(live.now(), text);
    }
    return ExitCode.OK;
  }

  private int pid() {
    try {
      return Integer.parseInt(what);
    } catch (NumberFormatException e) {
      throw new ParameterException(spec.commandLine(), "'" + what + "' is too large for a pid");
    }
  }

  private int ofTemplate() throws ThawException {
    Template.Stats stats = templates().get(what).stats();
    if (form.json) {
      out().println(JsonText.of(stats));
    } else {
      ListCommand.print(what, stats, out());
    }
    return ExitCode.OK;
  }

  private static void serve(LiveStats live, Path path) throws IOException {
    try (MetricsSocket socket =
        MetricsSocket.open(path, () -> PrometheusText.of(List.of(live.now())))) {
      while (live.isAlive() && !Thread.currentThread().isInterrupted()) {
        socket.serve(Duration.ofSeconds(1));
      }
    }
  }

  /** Sleeps for the interval. Returns false where the tree has ended meanwhile. */
  private boolean awaitNext(LiveStats live) {
    long end = System.nanoTime() + (long) (watchSeconds * 1e9);
    boolean wanted = true;
    for (long left = 1; left > 0 && wanted && live.isAlive(); left = end - System.nanoTime()) {
      LockSupport.parkNanos(Math.min(left, 200_000_000));
      wanted = !Thread.currentThread().isInterrupted();
    }
    return wanted && live.isAlive();
  }

  private void show(TreeStats stats, StatsText text) throws IOException {
    PrintStream out = out();
    if (form.prometheusFile.isPresent()) {
      replace(path(form.prometheusFile.get()), PrometheusText.of(List.of(stats)));
    } else if (form.json && watchSeconds == null) {
      out.println(JsonText.of(stats));
    } else if (form.json) {
      out.println(ImageCodec.line(stats));
    } else if (watchSeconds == null) {
      text.page(stats).forEach(out::println);
    } else {
      out.print(text.again(stats));
    }
    out.flush();
  }

  /** Whoever reads {@code file} meanwhile reads the old content or the new one. */
  static void replace(Path file, String content) throws IOException {
    Path partial = file.resolveSibling("." + file.getFileName() + ".partial");
    try {
      Files.write(partial, content.getBytes(StandardCharsets.UTF_8));
      Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.deleteIfExists(partial);
      throw new IOException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }
}
