package dev.thaw;

import dev.thaw.ThawException.Kind;
import dev.thaw.pager.Recorder;
import dev.thaw.pager.RunningPager;
import dev.thaw.store.Recording;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** {@link Checkpoint#mark}. */
final class TreeRecording {
  private TreeRecording() {}

  static Optional<RecordingReport> mark(int pid) throws IOException {
    Optional<Recorder> found;
    try {
      found = RunningPager.recorder(pid);
    } catch (NoSuchFileException e) {
      throw new ThawException(Kind.GONE, "pid " + pid + ": no such process", e);
    }
    if (found.isEmpty()) {
      throw new ThawException(
          Kind.FAILED,
          "pid " + pid + ": is not a process that thaw restored (no thaw-init above it)",
          null);
    }
    try (Recorder recorder = found.get()) {
      if (!recorder.isBegun()) {
        throw new ThawException(
            Kind.FAILED,
            "pid " + pid + ": is not recorded; restore it with thaw restore --record",
            null);
      }
      recorder.mark();
      return recorder.write().map(RecordingReport::of);
    }
  }

  /**
   * Waits for the end of the recording and writes it.
   *
   * @return empty if somebody else has written it
   */
  static Optional<RecordingReport> awaitAndWrite(Recorder recorder) throws IOException {
    if (recorder.awaitEnd() == Recording.End.MARK) {
      recorder.awaitMarker();
    }
    return recorder.write().map(RecordingReport::of);
  }

  /** The recording of a tree can be written there: known before anything is restored. */
  static void requireWritable(Path directory) throws ThawException {
    if (!java.nio.file.Files.isWritable(directory)) {
      throw new ThawException(
          Kind.NOT_ALLOWED,
          directory
              + ": a recording is kept beside the checkpoint, and this user may not write"
              + " there",
          null);
    }
  }
}
