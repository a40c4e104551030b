package dev.thaw;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A tree that runs again, while this process still fills its memory. It does not end with this
 * process: see {@link #close}.
 */
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

  /** How long each stage of that took, in their order. */
  Map<String, Duration> stages();

  /** What the restore went past: a line each. */
  List<String> warnings();

  /**
   * Lets the tree live for its own sake: until then it ends with its {@link TreeKeeper} or with
   * this process. Writes the pidfile, and tells the launcher, if there is one. Where that is not to
   * wait for the tree, this process lets go of the terminal too: nothing can be printed afterwards.
   *
   * <p>Only for a tree that was made under a given {@link TreeKeeper}; any other one is announced
   * already.
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

  /**
   * Sends a signal to the root, never to another process that has got its pid.
   *
   * @throws ThawException of kind {@link ThawException.Kind#GONE} where the root has ended
   */
  void signal(int signal) throws IOException;

  /**
   * How the root has ended; empty while it runs. Says so after {@link #close} too.
   *
   * @throws IllegalStateException where the tree's {@link TreeKeeper} was not started by this JVM
   */
  Optional<ExitStatus> exitStatus();

  /**
   * Waits for the end of the root. Other processes of the tree may still run. Waits after {@link
   * #close} too.
   *
   * @throws ThawException where nobody knows how it ended: thaw-init has been killed
   * @throws IllegalStateException where the tree's {@link TreeKeeper} was not started by this JVM
   */
  ExitStatus awaitExit() throws IOException, InterruptedException;

  /**
   * Lets go of the tree, which runs on. Where not all of its memory is there yet, or something is
   * still to be recorded, thaw-init starts a JVM that goes on; as it does when this one is killed.
   */
  @Override
  void close();
}
