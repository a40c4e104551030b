package dev.thaw.real;

import dev.thaw.LiveStats;
import dev.thaw.image.stats.SpaceStats;
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
 * Debian's Tomcat with one page of JSP: from the command to its first answer, started cold and
 * restored, with the faults until then and what they cost, as a Markdown table. The ways take
 * turns. A cold start finds the page compiled already.
 *
 * <p>usage: {@code HotSpotBench ROUNDS}
 */
final class HotSpotBench {
  private static final String NATIVE = System.getProperty("thaw.native");
  private static final Pattern REPLIED = Pattern.compile("returned \\d+ replied (\\d+)");
  private static final String QUESTION = "GET /index.jsp HTTP/1.0\r\nHost: localhost\r\n";
  private static final int WARM_UP = 500;
  private static final String PAGE =
      """
      <%@page import="java.util.stream.IntStream"%>
      <html><body><% for (int i : IntStream.range(0, 100).toArray()) { %><p><%= i * i %></p><% } %>
      <p>The sum is <%= IntStream.range(0, 100).sum() %>.</p></body></html>
      """;
  private static final String START =
      "setsid \"$0\" run <\"/dev/null\" >\"$1/out\" 2>\"$1/err\" & echo $! >\"$1/pid\"";

  private final Samples samples = new Samples();
  private final Path directory;
  private final Path instance;
  private final Path checkpoint;
  private final int port;
  private final int controlPort;

  private HotSpotBench(Path directory) throws IOException {
    this.directory = directory;
    this.instance = directory.resolve("tomcat");
    this.checkpoint = directory.resolve("checkpoint");
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      this.port = any.getLocalPort();
      this.controlPort = other.getLocalPort();
    }
  }

  public static void main(String[] arguments) throws Exception {
    int rounds = Integer.parseInt(arguments[0]);
    BenchFiles.in("hotspot", directory -> new HotSpotBench(directory).run(rounds));
  }

  private void run(int rounds) throws Exception {
    BenchDaemon.succeeded(
        Thaw.runProgram(
            List.of(
                "tomcat10-instance-create",
                "-p",
                Integer.toString(port),
                "-c",
                Integer.toString(controlPort),
                instance.toString())));
    Path root = Files.createDirectories(instance.resolve("webapps/ROOT"));
    Files.writeString(root.resolve("index.jsp"), PAGE);
    long resident = dumpWarm();
    record();
    try (BenchDaemon cold = new BenchDaemon(directory.resolve("cold.sock"));
        BenchDaemon warm = new BenchDaemon(directory.resolve("warm.sock"))) {
      warm.succeed("load", checkpoint, "--name", "tomcat");
      Map<String, List<String>> ways = new LinkedHashMap<>();
      Object[] plain = restore("--no-working-set");
      ways.put("restored", BenchDaemon.lineAlone(plain));
      ways.put("restored, working set", BenchDaemon.lineAlone(restore()));
      ways.put("thawd", cold.line(plain));
      ways.put("thawd, working set", cold.line(restore()));
      ways.put("thawd, checkpoint loaded", warm.line(plain));
      ways.put("thawd, checkpoint loaded, working set", warm.line(restore()));
      for (int round = 0; round < rounds; round++) {
        samples.add("cold", startCold());
        ProcessHandle started = cold();
        end(started);
        for (Map.Entry<String, List<String>> way : ways.entrySet()) {
          restored(way.getKey(), way.getValue());
        }
      }
      print(resident, List.copyOf(ways.keySet()), rounds);
    }
  }

  private Object[] restore(Object... options) {
    List<Object> all =
        new ArrayList<>(List.of("restore", "-d", "-D", checkpoint, "--pidfile", pidfile()));
    all.addAll(List.of(options));
    return all.toArray();
  }

  private Path pidfile() {
    return directory.resolve("pidfile");
  }

  /** Started once for the page to be compiled, and once more to be dumped. */
  private long dumpWarm() throws Exception {
    startCold();
    end(cold());
    startCold();
    Target tomcat = Target.of(cold().pid());
    HttpProbe probe = new HttpProbe(port);
    for (int i = 0; i < WARM_UP; i++) {
      probe.get("/index.jsp");
    }
    long resident = tomcat.residentBytes() >> 20;
    Target.await("Tomcat to close connections", () -> dumped(tomcat));
    return resident;
  }

  private boolean dumped(Target tomcat) {
    try {
      // A connection may still be in its hands: the dump refuses that, and changes nothing.
      Thaw.Outcome outcome = Thaw.run("dump", "-t", tomcat.pid(), "-D", checkpoint);
      if (outcome.exit() != 0 && outcome.exit() != 3) {
        throw new AssertionError(outcome.toString());
      }
      return outcome.exit() == 0;
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private void record() throws Exception {
    asked(BenchDaemon.lineAlone(restore("--record")));
    BenchTree tree = BenchTree.of(pidfile());
    Thaw.succeed("mark", tree.root());
    tree.end();
  }

  /** Milliseconds to the first answer. */
  private double startCold() throws IOException, InterruptedException {
    String catalina = "/usr/share/tomcat10/bin/catalina.sh";
    return asked(
        List.of(
            "env", "CATALINA_BASE=" + instance, "sh", "-c", START, catalina, instance.toString()));
  }

  private ProcessHandle cold() throws IOException {
    return ProcessHandle.of(Long.parseLong(Files.readString(instance.resolve("pid")).strip()))
        .orElseThrow();
  }

  private static void end(ProcessHandle process) {
    process.destroyForcibly();
    Target.await("the end of Tomcat", () -> BenchTree.hasEnded(process.pid()));
  }

  private double asked(List<String> command) throws IOException, InterruptedException {
    List<String> line =
        new ArrayList<>(List.of(NATIVE + "/bench/reply", Integer.toString(port), QUESTION));
    line.addAll(command);
    Thaw.Outcome outcome = BenchDaemon.succeeded(Thaw.runProgram(line));
    Matcher replied = REPLIED.matcher(outcome.out());
    if (!replied.find()) {
      throw new AssertionError(outcome.toString());
    }
    return Long.parseLong(replied.group(1)) / 1e6;
  }

  private void restored(String way, List<String> command) throws Exception {
    samples.add(way, asked(command));
    BenchTree tree = BenchTree.of(pidfile());
    SpaceStats stats = LiveStats.of((int) tree.root()).now().total();
    samples.add(way + "faults", stats.all().count());
    samples.add(way + "us", stats.all().sumNanos() / 1e3 / Math.max(1, stats.all().count()));
    samples.add(way + "ms", stats.all().sumNanos() / 1e6);
    samples.add(way + "before", stats.counts().prefaulted());
    if (!new HttpProbe(port).get("/index.jsp").contains("The sum is 4950.")) {
      throw new AssertionError("a wrong page");
    }
    tree.end();
    Files.delete(pidfile());
  }

  private void print(long resident, List<String> ways, int rounds) {
    System.out.printf(
        "| Tomcat 10, %d MiB resident, N = %d | command to first answer, ms | faults until then |"
            + " us a fault in the pager | all of them, ms | pages installed before |%n",
        resident, rounds);
    System.out.println("| --- | --- | --- | --- | --- | --- |");
    System.out.printf("| started cold | %s | – | – | – | – |%n", samples.spread("cold", "%.0f"));
    for (String way : ways) {
      System.out.printf(
          "| %s | %s | %s | %.1f | %.1f | %.0f |%n",
          way,
          samples.spread(way, "%.0f"),
          samples.spread(way + "faults", "%.0f"),
          samples.median(way + "us"),
          samples.median(way + "ms"),
          samples.median(way + "before"));
    }
    System.out.printf(
        "%nRestored by a thawd that has it loaded: %.1f times as fast as started cold.%n",
        samples.median("cold") / samples.median(ways.get(ways.size() - 1)));
  }
}
