package dev.thaw;

import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

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
    return changed(draft -> draft.eager = true);
  }

  /** The same, for a caller that does not wait for the tree. */
  public RestoreOptions withDetach() {
    return changed(draft -> draft.detach = true);
  }

  /** The same, with this kind of private memory. */
  public RestoreOptions with(PrivateMemory memory) {
    return changed(draft -> draft.privateMemory = memory);
  }

  /** The same, recording what the tree touches. */
  public RestoreOptions with(RecordOptions recording) {
    return changed(draft -> draft.record = Optional.of(recording));
  }

  /** The same, without installing what was recorded before. */
  public RestoreOptions withoutWorkingSet() {
    return changed(draft -> draft.workingSet = false);
  }

  /** The same, told to {@code listener}. */
  public RestoreOptions with(Progress listener) {
    return changed(draft -> draft.progress = listener);
  }

  private RestoreOptions changed(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.finished();
  }

  /** A copy that can be changed: here alone an option is carried from one to the next. */
  private static final class Draft {
    private final Path directory;
    private final Optional<Path> pidfile;
    private final boolean acceptChangedFiles;
    private final boolean acceptOtherCpu;
    private boolean detach;
    private boolean eager;
    private PrivateMemory privateMemory;
    private boolean workingSet;
    private Optional<RecordOptions> record;
    private Progress progress;

    Draft(RestoreOptions options) {
      directory = options.directory;
      detach = options.detach;
      pidfile = options.pidfile;
      eager = options.eager;
      privateMemory = options.privateMemory;
      acceptChangedFiles = options.acceptChangedFiles;
      acceptOtherCpu = options.acceptOtherCpu;
      workingSet = options.workingSet;
      record = options.record;
      progress = options.progress;
    }

    RestoreOptions finished() {
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
          progress);
    }
  }
}
