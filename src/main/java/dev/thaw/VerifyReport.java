package dev.thaw;

import java.util.List;

/**
 * What {@link Checkpoint#verify} found.
 *
 * @param filesRead files of the checkpoint that were read
 * @param bytesRead bytes whose checksum was computed
 * @param problems one line for each thing that is wrong; empty if all is well
 */
public record VerifyReport(int filesRead, long bytesRead, List<String> problems) {
  /** Copies {@code problems}. */
  public VerifyReport {
    problems = List.copyOf(problems);
  }
}
