package dev.thaw;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What to restore, and how: {@link #of} and what differs from it, e.g. {@code
 * RestoreOptions.of(directory).withEager()}.
 *
 * @param directory the checkpoint
 * @param detach the caller does not wait for the tree to end: who waits for the end of the caller's
 *     output is not to wait for it either
 * @param pidfile written with the root's pid once the tree runs
 * @param eager every page is there before the tree runs
 * @param privateMemory what private anonymous memory becomes
 * @param acceptChangedFiles go on although a file that the tree maps has changed since the dump
 * @param acceptOtherCpu go on although the CPU lacks instructions that the dump's has
 * @param workingSet whether the pages that recordings name are installed before the tree runs
 * @param record present: what the tree touches is recorded, and no working set used
 * @param progress told how far the restore is
 */
public record RestoreOptions(
    Path directory,
    boolean detach,
    Optional<Path> pidfile,
    boolean eager,
    PrivateMemory privateMemory,
    boolean acceptChangedFiles,
    boolean acceptOtherCpu,
    boolean workingSet,
    Optional<RecordOptions> record,
    Progress progress) {

  /** The options of {@code thaw restore -D directory} without any other. */
  public static RestoreOptions of(Path directory) {
    return new RestoreOptions(
        directory,
        false,
        Optional.empty(),
        false,
        PrivateMemory.GRADUATE,
        false,
        false,
        true,
        Optional.empty(),
        Progress.NONE);
  }

  /** The same, with every page there before the tree runs. */
  public RestoreOptions withEager() {
    return new RestoreOptions(
        directory,
        detach,
        pidfile,
        true,
        privateMemory,
        acceptChangedFiles,
        acceptOtherCpu,
        workingSet,
        record,
        progress);
  }

  /** The same, for a caller that does not wait for the tree. */
  public RestoreOptions withDetach() {
    return new RestoreOptions(
        directory,
        true,
        pidfile,
        eager,
        privateMemory,
        acceptChangedFiles,
        acceptOtherCpu,
        workingSet,
        record,
        progress);
  }

  /** The same, with this kind of private memory. */
  public RestoreOptions with(PrivateMemory memory) {
    return new RestoreOptions(
        directory,
        detach,
        pidfile,
        eager,
        memory,
        acceptChangedFiles,
        acceptOtherCpu,
        workingSet,
        record,
        progress);
  }

  /** The same, recording what the tree touches. */
  public RestoreOptions with(RecordOptions recording) {
    return new RestoreOptions(
        directory,
        detach,
        pidfile,
        eager,
        privateMemory,
        acceptChangedFiles,
        acceptOtherCpu,
        workingSet,
        Optional.of(recording),
        progress);
  }

  /** The same, without installing what was recorded before. */
  public RestoreOptions withoutWorkingSet() {
    return new RestoreOptions(
        directory,
        detach,
        pidfile,
        eager,
        privateMemory,
        acceptChangedFiles,
        acceptOtherCpu,
        false,
        record,
        progress);
  }

  /** The same, told to {@code listener}. */
  public RestoreOptions with(Progress listener) {
    return new RestoreOptions(
        directory,
        detach,
        pidfile,
        eager,
        privateMemory,
        acceptChangedFiles,
        acceptOtherCpu,
        workingSet,
        record,
        listener);
  }
}
