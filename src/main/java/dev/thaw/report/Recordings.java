package dev.thaw.report;

import dev.thaw.store.Recording;
import dev.thaw.store.RecordingFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What restores have left beside a checkpoint.
 *
 * @param touches one for each recording
 * @param lastStats what the pager had counted at the end of the last one of them
 */
record Recordings(List<TouchRecording> touches, Optional<Path> lastStats) {
  static Recordings of(Path directory) throws IOException {
    List<TouchRecording> touches = new ArrayList<>();
    Optional<Path> stats = Optional.empty();
    for (Path file : RecordingFiles.list(directory)) {
      String name = file.getFileName().toString();
      Optional<Path> before = stats;
      touches.add(recording(name, RecordingFiles.read(file)));
      stats = RecordingFiles.stats(file).or(() -> before);
    }
    return new Recordings(touches, stats);
  }

  private static TouchRecording recording(String name, Recording recording) {
    return new TouchRecording(
        name,
        recording.durationNanos(),
        recording.touches().stream()
            .map(
                t ->
                    new Touch(
                        t.nanos(), recording.pagemaps().get(t.pagemap()), t.page(), t.write()))
            .toList());
  }
}
