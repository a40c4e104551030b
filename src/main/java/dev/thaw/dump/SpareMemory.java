package dev.thaw.dump;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How much memory this process may take without harm to others: what the machine has available, and
 * what the limits of its memory cgroups leave (cgroups(7), both versions). A limit that cannot be
 * read counts for nothing. All figures in bytes.
 */
final class SpareMemory {
  private static final Path V1 = Path.of("/sys/fs/cgroup/memory");
  private static final Path V2 = Path.of("/sys/fs/cgroup");

  private final Path proc;
  private final Path v1;
  private final Path v2;

  /** The present machine. */
  SpareMemory() {
    this(Path.of("/proc"), V1, V2);
  }

  SpareMemory(Path proc, Path v1, Path v2) {
    this.proc = proc;
    this.v1 = v1;
    this.v2 = v2;
  }

  /** Bytes; 0 where /proc does not tell. */
  long bytes() {
    long bytes = kibibytes(lines(proc.resolve("meminfo")), "MemAvailable:");
    for (String line : lines(proc.resolve("self/cgroup"))) {
      String[] parts = line.split(":", 3);
      if (parts.length == 3 && parts[1].isEmpty()) {
        bytes = Math.min(bytes, left(v2, parts[2], "memory.max", "memory.current"));
      } else if (parts.length == 3 && List.of(parts[1].split(",")).contains("memory")) {
        bytes =
            Math.min(bytes, left(v1, parts[2], "memory.limit_in_bytes", "memory.usage_in_bytes"));
      }
    }
    return bytes;
  }

  /** What the group and those above it leave; page cache that is not in use does not count. */
  private static long left(Path mount, String group, String limitFile, String usageFile) {
    long left = Long.MAX_VALUE;
    Path top = mount.normalize();
    Path at = top.resolve(group.substring(1)).normalize();
    for (; at != null && at.startsWith(top); at = at.getParent()) {
      long limit = number(at.resolve(limitFile), Long.MAX_VALUE);
      if (limit < Long.MAX_VALUE) {
        long cache = cache(lines(at.resolve("memory.stat")));
        long used = Math.max(0, number(at.resolve(usageFile), 0) - cache);
        left = Math.min(left, Math.max(0, limit - used));
      }
    }
    return left;
  }

  private static long cache(List<String> stat) {
    for (String line : stat) {
      if (line.startsWith("inactive_file ")) {
        return Long.parseLong(line.substring("inactive_file ".length()).trim());
      }
    }
    return 0;
  }

  private static long kibibytes(List<String> lines, String name) {
    for (String line : lines) {
      if (line.startsWith(name)) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    return 0;
  }

  private static long number(Path file, long otherwise) {
    List<String> lines = lines(file);
    try {
      return lines.isEmpty() ? otherwise : Long.parseLong(lines.get(0).trim());
    } catch (NumberFormatException max) { // "max": no limit
      return otherwise;
    }
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      return List.of();
    }
  }
}
