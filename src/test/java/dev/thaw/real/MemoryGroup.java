package dev.thaw.real;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A memory cgroup of its own (version 1 or 2), below this process's. */
public final class MemoryGroup implements AutoCloseable {
  private static final Path V1 = Path.of("/sys/fs/cgroup/memory");
  private static final Path V2 = Path.of("/sys/fs/cgroup");

  private final Path directory;
  private final boolean first;

  /** Makes it; the name of this process is part of its own. */
  public MemoryGroup(String name) throws IOException {
    first = Files.isDirectory(V1);
    String controller = first ? "memory" : "";
    String own = "/";
    for (String line : Files.readAllLines(Path.of("/proc/self/cgroup"))) {
      String[] fields = line.split(":", 3);
      if (List.of(fields[1].split(",")).contains(controller)) {
        own = fields[2];
      }
    }
    Path parent = Path.of((first ? V1 : V2) + own);
    directory = Files.createDirectory(parent.resolve(name + "-" + ProcessHandle.current().pid()));
  }

  /** Runs a command in it, by way of a shell that enters first. */
  List<String> inside(List<String> command) {
    List<String> line =
        new ArrayList<>(
            List.of("sh", "-c", "echo $$ > \"$0\" && exec \"$@\"", directory + "/cgroup.procs"));
    line.addAll(command);
    return line;
  }

  /** Moves a process into it; what the process has is still charged to where it was. */
  public void enter(int pid) throws IOException {
    Files.writeString(directory.resolve("cgroup.procs"), Integer.toString(pid));
  }

  /** The most that it has held at any time, bytes. */
  long peakBytes() throws IOException {
    return read(first ? "memory.max_usage_in_bytes" : "memory.peak");
  }

  /** What it holds now, bytes. */
  long usedBytes() throws IOException {
    return read(first ? "memory.usage_in_bytes" : "memory.current");
  }

  /** Of these, what the kernel itself holds for it: page tables, stacks, all its objects. */
  long kernelBytes() throws IOException {
    return first ? read("memory.kmem.usage_in_bytes") : stat("kernel");
  }

  /** Of these, anonymous memory. */
  long anonymousBytes() throws IOException {
    return stat(first ? "total_rss" : "anon");
  }

  /** Of these, memfds and shared memory. */
  public long sharedBytes() throws IOException {
    return stat(first ? "total_shmem" : "shmem");
  }

  private long stat(String key) throws IOException {
    for (String line : Files.readAllLines(directory.resolve("memory.stat"))) {
      if (line.startsWith(key + " ")) {
        return Long.parseLong(line.substring(key.length() + 1));
      }
    }
    throw new IOException(directory + "/memory.stat: no " + key);
  }

  private long read(String file) throws IOException {
    return Long.parseLong(Files.readString(directory.resolve(file)).strip());
  }

  /** Its processes have ended. */
  @Override
  public void close() throws IOException {
    Target.await("the end of all in " + directory, this::isEmpty);
    Files.delete(directory);
  }

  private boolean isEmpty() {
    try {
      return Files.readString(directory.resolve("cgroup.procs")).isBlank();
    } catch (IOException e) {
      return false;
    }
  }
}
