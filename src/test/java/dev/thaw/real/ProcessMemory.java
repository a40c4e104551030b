package dev.thaw.real;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a process holds for itself, KiB.
 *
 * @param anonymous its own pages; what it shares with others in equal parts
 * @param pageTables of all levels but the first
 * @param threads of it
 */
record ProcessMemory(long anonymous, long pageTables, long threads) {
  static final ProcessMemory NONE = new ProcessMemory(0, 0, 0);

  static ProcessMemory of(long pid) throws IOException {
    return new ProcessMemory(
        field(pid, "smaps_rollup", "Pss_Anon:"),
        field(pid, "status", "VmPTE:"),
        field(pid, "status", "Threads:"));
  }

  ProcessMemory plus(ProcessMemory other) {
    return new ProcessMemory(
        anonymous + other.anonymous, pageTables + other.pageTables, threads + other.threads);
  }

  private static long field(long pid, String file, String key) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/" + file))) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new IOException("/proc/" + pid + "/" + file + ": no " + key);
  }
}
