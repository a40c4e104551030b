package dev.thaw.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What /proc says of a living process. */
record ProcView(int pid) {
  /** One line of maps. */
  record Mapping(long start, long end, String permissions, String name) {
    String range() {
      return Long.toHexString(start) + "-" + Long.toHexString(end);
    }
  }

  /** {@code root} and all that descend from it, zombies too. */
  static List<ProcView> tree(int root) throws IOException {
    List<ProcView> found = new ArrayList<>(List.of(new ProcView(root)));
    for (int tid : new ProcView(root).tids()) {
      String children = Files.readString(Path.of("/proc/" + root + "/task/" + tid + "/children"));
      for (String child : children.split(" ")) {
        if (!child.isBlank()) {
          found.addAll(tree(Integer.parseInt(child.strip())));
        }
      }
    }
    return found;
  }

  /** The children of its main thread whose name is {@code name}. */
  List<ProcView> childrenNamed(String name) throws IOException {
    List<ProcView> found = new ArrayList<>();
    for (String child : Files.readString(file("task/" + pid + "/children")).strip().split(" ")) {
      ProcView process = new ProcView(Integer.parseInt(child));
      if (Files.readString(process.file("comm")).equals(name + "\n")) {
        found.add(process);
      }
    }
    return found;
  }

  TreeSet<Integer> tids() throws IOException {
    return numbers("task");
  }

  TreeSet<Integer> descriptors() throws IOException {
    return numbers("fd");
  }

  private TreeSet<Integer> numbers(String directory) throws IOException {
    TreeSet<Integer> numbers = new TreeSet<>();
    try (Stream<Path> entries = Files.list(file(directory))) {
      entries.forEach(e -> numbers.add(Integer.parseInt(e.getFileName().toString())));
    }
    return numbers;
  }

  /** All but {@code [vsyscall]}, which is the same everywhere. */
  List<Mapping> maps() throws IOException {
    List<Mapping> maps = new ArrayList<>();
    for (String line : Files.readAllLines(file("maps"))) {
      if (!line.endsWith("[vsyscall]")) {
        String[] parts = line.split(" +", 6);
        String[] range = parts[0].split("-");
        maps.add(
            new Mapping(
                Long.parseUnsignedLong(range[0], 16),
                Long.parseUnsignedLong(range[1], 16),
                parts[1],
                parts.length < 6 ? "" : parts[5]));
      }
    }
    return maps;
  }

  /** Stack pointer of a thread that waits in the kernel; 0 if it does not. */
  long stackPointer(int tid) throws IOException {
    String[] words = Files.readString(file("task/" + tid + "/syscall")).strip().split(" ");
    return words.length < 3 ? 0 : Long.decode(words[words.length - 2]);
  }

  private Path file(String name) {
    return Path.of("/proc/" + pid, name);
  }
}
