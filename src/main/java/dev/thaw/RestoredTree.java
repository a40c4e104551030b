package dev.thaw;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** A tree that runs again, while this process still fills its memory. */
public interface RestoredTree extends AutoCloseable {
  /** Pid of the tree's root. */
  int rootPid();

  /** Processes in the tree. */
  int processCount();

  /** Threads of all of them. */
  int threadCount();

  /** Pages that the checkpoint holds for the tree. */
  long pageCount();

  /** From the call of {@link Checkpoint#restore} to the tree's first instruction. */
  Duration timeToResume();

  /** What the restore went past: a line each. */
  List<String> warnings();

  /**
   * Tells the launcher that the tree runs. Where the caller is not to wait for the tree, this
   * process lets go of the terminal too: nothing can be printed afterwards.
   */
  void announce() throws IOException;

  /**
   * Returns when every page is in a memfd and what was to be recorded is written, or when the tree
   * is gone: nobody needs this process then.
   *
   * @return the recording, unless there is none or somebody else has written it
   * @throws IOException if pages could not be supplied, or the recording not be written
   */
  Optional<RecordingReport> awaitFilled() throws IOException;

  @Override
  void close();
}
