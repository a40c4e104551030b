package dev.thaw.dump.fd;

import dev.thaw.dump.DumpContext;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** All open file descriptions of the stopped tree, and who holds them. */
public final class OpenedFiles {
  private final DumpContext context;
  private final List<Entry> entries = new ArrayList<>();

  /** By pid, then by number; not by {@link Holder}: the first hash of a record takes 30 ms. */
  private final Map<Integer, Map<Integer, Entry>> byHolder = new HashMap<>();

  private final Set<Integer> pids = new java.util.TreeSet<>();

  /** A descriptor. */
  public record Holder(int pid, int number) {}

  /**
   * One description.
   *
   * @param file seen through the first descriptor that was found
   * @param holders all descriptors that refer to it
   */
  public record Entry(int id, OpenedFile file, List<Holder> holders) {}

  OpenedFiles(DumpContext context) {
    this.context = context;
  }

  /** What the parts of the dump share. */
  public DumpContext context() {
    return context;
  }

  /** All descriptions, in the order of their ids, which begin at 1. */
  public List<Entry> entries() {
    return List.copyOf(entries);
  }

  /** The descriptions of one inode, such as the ends of a pipe. */
  public List<Entry> ofInode(OpenedFile file) {
    return entries.stream()
        .filter(e -> e.file().inode() == file.inode() && e.file().device() == file.device())
        .toList();
  }

  /** What descriptor {@code number} of {@code pid} refers to. */
  public Optional<Entry> at(int pid, int number) {
    return Optional.ofNullable(byHolder.getOrDefault(pid, Map.of()).get(number));
  }

  /** The description {@code id}. */
  public Entry entry(int id) {
    return entries.get(id - 1);
  }

  /** The living processes. */
  Set<Integer> processes() {
    return Set.copyOf(pids);
  }

  /** Whether {@code pid} is a living process of the tree. */
  public boolean hasProcess(int pid) {
    return pids.contains(pid);
  }

  void addProcess(int pid) {
    pids.add(pid);
  }

  Entry add(OpenedFile file) {
    Entry entry = new Entry(entries.size() + 1, file, new ArrayList<>());
    entries.add(entry);
    return entry;
  }

  void addHolder(Entry entry, OpenedFile seen) {
    int pid = seen.proc().pid();
    entry.holders().add(new Holder(pid, seen.number()));
    byHolder.computeIfAbsent(pid, p -> new HashMap<>()).put(seen.number(), entry);
  }
}
