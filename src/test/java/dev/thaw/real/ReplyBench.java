package dev.thaw.real;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * From the command to the first reply of what it restores, by a thawd that has the checkpoint
 * loaded, by one that has not, and without thawd: redis with 1 GiB and a service with 1 MiB, as
 * Markdown tables. The ways take turns. A program in C starts the command and asks meanwhile
 * ({@code native/bench/reply.c}).
 *
 * <p>usage: {@code ReplyBench ROUNDS}
 */
final class ReplyBench {
  private static final String NATIVE = System.getProperty("thaw.native");
  private static final Pattern TIMES = Pattern.compile("returned (\\d+) replied (\\d+)");
  private static final Pattern STAGES = Pattern.compile("(?m)^  (\\w.* (?:ns|us|ms|s))$");
  private static final Pattern STAGE = Pattern.compile("(\\D+) ([0-9.]+) (ns|us|ms|s)(?:, |$)");
  private static final Map<String, Double> MILLIS =
      Map.of("ns", 1e-6, "us", 1e-3, "ms", 1.0, "s", 1e3);

  private final Samples samples = new Samples();
  private final Map<String, Map<String, Boolean>> stages = new LinkedHashMap<>();
  private final Path directory;

  /** What is restored, and how it is asked. */
  private record Subject(String name, String label, Path checkpoint, int port, String question) {}

  /** Who runs the command. */
  private record Way(String label, BenchDaemon daemon, boolean clones) {
    List<String> line(Subject subject, Path pidfile) {
      if (clones) {
        return daemon.line("clone", "-d", "-v", subject.name, "--pidfile", pidfile);
      }
      Object[] restore = {"restore", "-d", "-v", "-D", subject.checkpoint, "--pidfile", pidfile};
      return daemon == null ? BenchDaemon.lineAlone(restore) : daemon.line(restore);
    }
  }

  private ReplyBench(Path directory) {
    this.directory = directory;
  }

  public static void main(String[] arguments) throws Exception {
    int rounds = Integer.parseInt(arguments[0]);
    BenchFiles.in("reply", directory -> new ReplyBench(directory).run(rounds));
  }

  private void run(int rounds) throws Exception {
    List<Subject> subjects = List.of(service(), redis());
    try (BenchDaemon cold = new BenchDaemon(directory.resolve("cold.sock"));
        BenchDaemon warm = new BenchDaemon(directory.resolve("warm.sock"))) {
      for (Subject subject : subjects) {
        warm.succeed("load", subject.checkpoint, "--name", subject.name);
      }
      List<Way> ways =
          List.of(
              new Way("without thawd", null, false),
              new Way("thawd", cold, false),
              new Way("thawd, checkpoint loaded", warm, false),
              new Way("`thaw clone`", warm, true));
      for (int round = 0; round < rounds; round++) {
        for (Subject subject : subjects) {
          for (Way way : ways) {
            once(subject, way);
          }
        }
      }
      print(subjects, ways, rounds);
    }
  }

  private Subject redis() throws Exception {
    Path home = Files.createDirectory(directory.resolve("redis"));
    Path checkpoint = directory.resolve("redis.checkpoint");
    try (RedisServer server = RedisServer.start(home)) {
      try (RespClient client = server.connect()) {
        new RedisData().load(client);
      }
      server.awaitNoClients();
      long mib = server.target().residentBytes() >> 20;
      server.target().dump(checkpoint);
      return new Subject("redis", "redis, " + mib + " MiB", checkpoint, server.port(), "GET key:0");
    }
  }

  private Subject service() throws Exception {
    Path home = Files.createDirectory(directory.resolve("service"));
    Path ready = home.resolve("pid");
    int port;
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = any.getLocalPort();
    }
    Path checkpoint = directory.resolve("service.checkpoint");
    List<String> command =
        List.of(NATIVE + "/bench/service", "1", ready.toString(), Integer.toString(port));
    try (Target service = Target.start(home, command)) {
      Target.await("the service", () -> ready.toFile().length() > 0);
      service.dump(checkpoint);
    }
    return new Subject("small", "a service, 1 MiB", checkpoint, port, "PING");
  }

  private void once(Subject subject, Way way) throws IOException, InterruptedException {
    Path pidfile = directory.resolve("pidfile");
    List<String> line =
        new ArrayList<>(
            List.of(NATIVE + "/bench/reply", Integer.toString(subject.port), subject.question));
    line.addAll(way.line(subject, pidfile));
    Thaw.Outcome outcome = BenchDaemon.succeeded(Thaw.runProgram(line));
    BenchTree.of(pidfile).end();
    Files.delete(pidfile);
    Matcher times = TIMES.matcher(outcome.out());
    if (!times.find()) {
      throw new AssertionError(outcome.toString());
    }
    String key = key(subject, way);
    double returned = Long.parseLong(times.group(1)) / 1e6;
    double replied = Long.parseLong(times.group(2)) / 1e6;
    double built = stages(key, outcome.out());
    samples.add(key + "reply", replied);
    samples.add(key + "built", built);
    samples.add(key + "handover", Math.min(returned, replied) - built);
    samples.add(key + "after", replied - Math.min(returned, replied));
  }

  private static String key(Subject subject, Way way) {
    return subject.name + ", " + way.label + ": ";
  }

  /** Adds what {@code -v} says of each stage, and returns the sum, ms. */
  private double stages(String key, String out) {
    Matcher line = STAGES.matcher(out);
    if (!line.find()) {
      throw new AssertionError("no stages: " + out);
    }
    double sum = 0;
    Matcher stage = STAGE.matcher(line.group(1));
    while (stage.find()) {
      double millis = Double.parseDouble(stage.group(2)) * MILLIS.get(stage.group(3));
      samples.add(key + stage.group(1), millis);
      stages.computeIfAbsent(key, k -> new LinkedHashMap<>()).put(stage.group(1), true);
      sum += millis;
    }
    return sum;
  }

  private void print(List<Subject> subjects, List<Way> ways, int rounds) {
    System.out.printf(
        "| command to first reply, ms, N = %d | median (least–greatest) | p99 | first | launcher,"
            + " handover, exit | the tree is built | first touches and reply |%n",
        rounds);
    System.out.println("| --- | --- | --- | --- | --- | --- | --- |");
    for (Subject subject : subjects) {
      for (Way way : ways) {
        String key = key(subject, way);
        System.out.printf(
            "| %s, %s | %s | %.1f | %.1f | %.1f | %.1f | %.1f |%n",
            subject.label,
            way.label,
            samples.spread(key + "reply", "%.1f"),
            samples.quantile(key + "reply", 0.99),
            samples.first(key + "reply"),
            samples.median(key + "handover"),
            samples.median(key + "built"),
            samples.median(key + "after"));
      }
    }
    System.out.println("\n| of building, ms, medians | stages |\n| --- | --- |");
    for (Subject subject : subjects) {
      for (Way way : ways) {
        String key = key(subject, way);
        StringBuilder text = new StringBuilder();
        for (String stage : stages.get(key).keySet()) {
          text.append(text.length() == 0 ? "" : ", ");
          text.append(String.format("%s %.1f", stage, samples.median(key + stage)));
        }
        System.out.printf("| %s, %s | %s |%n", subject.label, way.label, text);
      }
    }
  }
}
