package dev.thaw.check;

import static dev.thaw.check.Feature.Need.HELPS;
import static dev.thaw.check.Feature.Need.REQUIRED;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Capabilities, limits and memory. */
final class HostFeatures {
  private static final long WANTED_DESCRIPTORS = 1024;
  private static final long WANTED_MEMORY_KIB = 256 * 1024;

  /** A capability, its bit, and what is missing without it. */
  private record Capability(String name, int bit, Feature.Need need, String without) {}

  private static final List<Capability> CAPABILITIES =
      List.of(
          new Capability("CAP_SYS_PTRACE", 19, REQUIRED, "other processes cannot be driven"),
          new Capability("CAP_SYS_ADMIN", 21, HELPS, "/proc/PID/map_files cannot be followed"),
          new Capability("CAP_CHECKPOINT_RESTORE", 40, HELPS, "CAP_SYS_ADMIN stands in for it"),
          new Capability("CAP_SETUID", 7, HELPS, "only programs of this user can be restored"),
          new Capability("CAP_SETPCAP", 8, HELPS, "capability sets cannot be restored"),
          new Capability(
              "CAP_NET_BIND_SERVICE", 10, HELPS, "listeners below port 1024 cannot be restored"),
          new Capability(
              "CAP_SYS_RESOURCE", 24, HELPS, "limits above the present ones cannot be restored"));

  private static final Path HUGE_PAGES = Path.of("/sys/kernel/mm/hugepages");

  private HostFeatures() {}

  static List<Feature> probe() {
    Probe probe = new Probe("rights and limits");
    probeCapabilities(probe);
    long files = Long.parseLong(field("/proc/self/limits", "Max open files", 1, "0"));
    probe.add(
        "open files",
        HELPS,
        files >= WANTED_DESCRIPTORS,
        "limit " + files,
        "raise it: ulimit -n " + WANTED_DESCRIPTORS);
    long memory = Long.parseLong(field("/proc/meminfo", "MemAvailable:", 0, "0"));
    probe.add(
        "memory",
        HELPS,
        memory >= WANTED_MEMORY_KIB,
        memory / 1024 + " MiB available",
        "free some: a restored program needs what it needed before");
    probeHugePages(probe);
    String overcommit = line("/proc/sys/vm/overcommit_memory");
    probe.add(
        "overcommit",
        HELPS,
        !"2".equals(overcommit),
        "vm.overcommit_memory=" + overcommit,
        "set vm.overcommit_memory=0: under strict accounting large programs may not restore");
    probe.add("kernel", HELPS, true, System.getProperty("os.version"), "");
    String machine = System.getProperty("os.arch");
    probe.add(
        "x86-64", REQUIRED, "amd64".equals(machine), machine, "no other machine is supported");
    return probe.features();
  }

  /** How many there are is nobody's fault; a program that has some needs as many to be restored. */
  private static void probeHugePages(Probe probe) {
    try (DirectoryStream<Path> pools = Files.newDirectoryStream(HUGE_PAGES, "hugepages-*")) {
      for (Path pool : pools) {
        String size = pool.getFileName().toString().replace("hugepages-", "").replace("kB", " kB");
        long free = number(pool, "free_hugepages") - number(pool, "resv_hugepages");
        String found = free + " free of " + number(pool, "nr_hugepages") + " (vm.nr_hugepages)";
        probe.add("huge pages of " + size, HELPS, true, found, "");
      }
    } catch (IOException e) {
      probe.add("huge pages", HELPS, false, "none", "programs with hugetlb cannot be restored");
    }
  }

  private static long number(Path pool, String name) {
    return Long.parseLong(line(pool.resolve(name).toString()));
  }

  private static void probeCapabilities(Probe probe) {
    long effective = Long.parseUnsignedLong(field("/proc/self/status", "CapEff:", 0, "0"), 16);
    for (Capability capability : CAPABILITIES) {
      boolean has = (effective >>> capability.bit() & 1) != 0;
      probe.add(
          capability.name(),
          capability.need(),
          has,
          has ? "" : "not in the effective set",
          capability.without());
    }
  }

  /** Column {@code index} after {@code label} in a file of /proc, or {@code fallback}. */
  private static String field(String file, String label, int index, String fallback) {
    for (String line : lines(file)) {
      if (line.startsWith(label)) {
        String[] columns = line.substring(label.length()).strip().split("\\s+");
        String value = columns[Math.min(index, columns.length - 1)];
        return value.equals("unlimited") ? Long.toString(Long.MAX_VALUE) : value;
      }
    }
    return fallback;
  }

  private static String line(String file) {
    List<String> lines = lines(file);
    return lines.isEmpty() ? "?" : lines.get(0).strip();
  }

  private static List<String> lines(String file) {
    try {
      return Files.readAllLines(Path.of(file));
    } catch (IOException e) {
      return new ArrayList<>();
    }
  }
}
