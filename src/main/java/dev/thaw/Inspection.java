package dev.thaw;

import java.util.List;

/**
 * What a checkpoint holds, for people and for {@code --json}.
 *
 * @param formatVersion version of the image format
 * @param created when the dump was made, ISO 8601
 * @param kernel release of the kernel that the tree ran on
 * @param processes every process, root first
 * @param pages where the pages of the whole tree are
 */
public record Inspection(
    int formatVersion, String created, String kernel, List<ProcessEntry> processes, Pages pages) {

  /** Copies {@code processes}. */
  public Inspection {
    processes = List.copyOf(processes);
  }

  /**
   * One process.
   *
   * @param threads tid and name of each thread
   * @param descriptors number and what it is, e.g. {@code "6: socket TCP listening 127.0.0.1:6379"}
   * @param vmas memory areas
   */
  public record ProcessEntry(
      int pid,
      int parent,
      String name,
      List<String> command,
      List<ThreadEntry> threads,
      List<DescriptorEntry> descriptors,
      List<VmaEntry> vmas) {
    /** Copies the lists. */
    public ProcessEntry {
      command = List.copyOf(command);
      threads = List.copyOf(threads);
      descriptors = List.copyOf(descriptors);
      vmas = List.copyOf(vmas);
    }
  }

  /** One thread. */
  public record ThreadEntry(int tid, String name) {}

  /** One descriptor and what it refers to, in words. */
  public record DescriptorEntry(int number, String kind, String detail) {}

  /**
   * One memory area.
   *
   * @param range {@code start-end} in hex, as in /proc/PID/maps
   * @param permissions {@code rwxp}, as in /proc/PID/maps
   * @param what file or kind of memory
   * @param pagesStored pages of it that the checkpoint holds
   */
  public record VmaEntry(String range, String permissions, String what, long pagesStored) {}

  /**
   * Where the bytes are.
   *
   * @param seen pages that the tree held
   * @param zero of these, all zero: not stored
   * @param duplicate of these, equal to another page: stored once
   * @param stored pages in the page store
   * @param compressedBytes what they take on disk
   */
  public record Pages(long seen, long zero, long duplicate, long stored, long compressedBytes) {}
}
