package dev.thaw;

import java.util.List;

/**
 * What a checkpoint holds, for people and for {@code --json}.
 *
 * @param formatVersion version of the image format
 * @param created when the dump was made, ISO 8601
 * @param kernel release of the kernel that the tree ran on
 * @param processes every process, root first
 * @param sharedMemory what several mappings or descriptors share
 * @param pages where the pages of the whole tree are
 */
public record Inspection(
    int formatVersion,
    String created,
    String kernel,
    List<ProcessEntry> processes,
    List<SharedEntry> sharedMemory,
    Pages pages) {

  /** Copies the lists. */
  public Inspection {
    processes = List.copyOf(processes);
    sharedMemory = List.copyOf(sharedMemory);
  }

  /**
   * One process.
   *
   * @param executable path of its program; {@code "zombie"} where it has none any more
   * @param threads tid and name of each thread
   * @param descriptors number and what it is
   * @param vmas memory areas
   * @param pages of its private memory; one that several processes hold counts for each
   */
  public record ProcessEntry(
      int pid,
      int parent,
      String name,
      String executable,
      List<ThreadEntry> threads,
      List<DescriptorEntry> descriptors,
      List<VmaEntry> vmas,
      Pages pages) {
    /** Copies the lists. */
    public ProcessEntry {
      threads = List.copyOf(threads);
      descriptors = List.copyOf(descriptors);
      vmas = List.copyOf(vmas);
    }
  }

  /** One object of shared memory. */
  public record SharedEntry(int id, String what, long sizeBytes, Pages pages) {}

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
   * @param pagesHeld pages of it whose content the checkpoint holds
   * @param pagesZero pages of it that are all zero
   */
  public record VmaEntry(
      String range, String permissions, String what, long pagesHeld, long pagesZero) {}

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
