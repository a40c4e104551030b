package dev.thaw.real;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * 64 clones of a service with 512 MiB: how long each takes and what memory it adds, as Markdown
 * tables. thawd and the clones are in a memory cgroup of their own, so that the sum is what the
 * kernel has charged for.
 *
 * <p>usage: {@code ClonesBench ROUNDS [CLONES [MIB]]}
 */
final class ClonesBench {
  private static final long SETTLE_MILLIS =
      3000; // thawd gives memory back a second after a command
  private static final long WRITTEN_KIB = 1024;
  private static final int STACK_KIB = 16;

  private final Samples samples = new Samples();
  private final Map<String, Set<String>> memory = new LinkedHashMap<>();
  private final Path directory;
  private final int clones;
  private final int mib;

  /** What the group has been charged for, KiB, and what of it thawd holds for itself. */
  private record Charge(long all, long anonymous, long shared, long kernel, long thawd) {
    static Charge of(MemoryGroup group, BenchDaemon daemon) throws Exception {
      Thread.sleep(SETTLE_MILLIS);
      return new Charge(
          group.usedBytes() >> 10,
          group.anonymousBytes() >> 10,
          group.sharedBytes() >> 10,
          group.kernelBytes() >> 10,
          ProcessMemory.of(daemon.pid()).anonymous());
    }
  }

  private ClonesBench(Path directory, int clones, int mib) {
    this.directory = directory;
    this.clones = clones;
    this.mib = mib;
  }

  public static void main(String[] arguments) throws Exception {
    int rounds = Integer.parseInt(arguments[0]);
    int clones = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 64;
    int mib = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 512;
    BenchFiles.in(
        "clones", directory -> new ClonesBench(directory, clones, mib).run(Math.min(rounds, 3)));
  }

  private void run(int rounds) throws Exception {
    Path checkpoint = directory.resolve("checkpoint");
    Path ready = directory.resolve("pid");
    String service = System.getProperty("thaw.native") + "/bench/service";
    List<String> command = List.of(service, Integer.toString(mib), ready.toString());
    try (Target target = Target.start(directory, command)) {
      Target.await("the service", () -> ready.toFile().length() > 0);
      target.dump(checkpoint);
    }
    for (int round = 0; round < rounds; round++) {
      try (MemoryGroup group = new MemoryGroup("thaw-bench");
          BenchDaemon daemon = new BenchDaemon(directory.resolve("socket"), group::inside)) {
        daemon.succeed("load", checkpoint, "--name", "many");
        round(group, daemon);
      }
    }
    print(rounds);
  }

  private void round(MemoryGroup group, BenchDaemon daemon) throws Exception {
    BenchTree.endAll(cloneMany(group, daemon, 1, "first"));
    Charge before = Charge.of(group, daemon);
    List<BenchTree> made = cloneMany(group, daemon, clones, "clone");
    try {
      itemise("as they begin", before, Charge.of(group, daemon), made);
      for (BenchTree clone : made) {
        signal(clone);
      }
      for (BenchTree clone : made) {
        Target.await("a clone to have written", () -> anonymous(clone) >= WRITTEN_KIB);
      }
      itemise("after 1 MiB written", before, Charge.of(group, daemon), made);
    } finally {
      BenchTree.endAll(made);
    }
  }

  /** Each clone's time is that from the line of the one before it, the first's from the start. */
  private List<BenchTree> cloneMany(MemoryGroup group, BenchDaemon daemon, int count, String name)
      throws Exception {
    List<BenchTree> made = new ArrayList<>();
    long last = System.nanoTime();
    Process process =
        new ProcessBuilder(group.inside(daemon.line("clone", "-n", count, "many")))
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        long now = System.nanoTime();
        samples.add(name, (now - last) / 1e6);
        last = now;
        made.add(BenchTree.of(Long.parseLong(line.strip())));
      }
    }
    if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new AssertionError("thaw clone -n " + count + " did not end as it should");
    }
    return made;
  }

  private static void signal(BenchTree clone) throws Exception {
    new ProcessBuilder("kill", "-USR1", Long.toString(clone.root())).start().waitFor();
  }

  private static long anonymous(BenchTree clone) {
    try {
      return ProcessMemory.of(clone.root()).anonymous();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void itemise(String when, Charge before, Charge after, List<BenchTree> made)
      throws IOException {
    ProcessMemory own = ProcessMemory.NONE;
    ProcessMemory thaw = ProcessMemory.NONE;
    long thawProcesses = 0;
    for (BenchTree clone : made) {
      own = own.plus(ProcessMemory.of(clone.root()));
      for (long pid : clone.helpers()) {
        thaw = thaw.plus(ProcessMemory.of(pid));
        thawProcesses++;
      }
    }
    long kernel = after.kernel - before.kernel - own.pageTables() - thaw.pageTables();
    add(when, "pages it has written", own.anonymous());
    add(when, "its page tables", own.pageTables());
    add(when, "thaw-init, thaw-pager, thaw-keeper: pages", thaw.anonymous());
    add(when, "their page tables", thaw.pageTables());
    add(when, "tables of the pager, in memfds", after.shared - before.shared);
    add(when, "kernel objects", kernel);
    add(when, "of these stacks", STACK_KIB * (own.threads() + thaw.threads()));
    add(when, "thawd", after.thawd - before.thawd);
    add(when, "all that the cgroup is charged for", after.all - before.all);
    samples.add("processes", thawProcesses / (double) made.size());
  }

  private void add(String when, String item, long kib) {
    memory.computeIfAbsent(item, i -> new LinkedHashSet<>()).add(when);
    samples.add(item + when, kib / (double) clones);
  }

  private void print(int rounds) {
    System.out.printf(
        "| clones of a service, %d MiB, from a loaded checkpoint | N | ms a clone | p99 | first of"
            + " a thawd, its launcher included |%n",
        mib);
    System.out.println("| --- | --- | --- | --- | --- |");
    System.out.printf(
        "| `thaw clone -n %d` | %d | %s | %.1f | %s |%n",
        clones,
        samples.count("clone"),
        samples.spread("clone", "%.1f"),
        samples.quantile("clone", 0.99),
        samples.spread("first", "%.1f"));
    System.out.printf("%n| memory added by a clone, KiB, N = %d × %d |", rounds, clones);
    List<String> moments = List.copyOf(memory.values().iterator().next());
    moments.forEach(when -> System.out.printf(" %s |", when));
    System.out.println("\n| --- |" + " --- |".repeat(moments.size()));
    memory.forEach(
        (item, at) -> {
          System.out.printf("| %s |", item);
          at.forEach(when -> System.out.printf(" %.0f |", samples.median(item + when)));
          System.out.println();
        });
    System.out.printf(
        "%nThaw's processes for each clone: %.0f. The memory of the checkpoint, %d MiB, is there"
            + " once.%n",
        samples.median("processes"), mib);
  }
}
