package dev.thaw;

import dev.thaw.pager.Recorder;
import dev.thaw.store.Recording;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A recording of what a restored tree touched.
 *
 * @param file beside the checkpoint
 * @param pages that were touched
 * @param lasted from just before the tree's first instruction to the end of the recording
 * @param end why it ended: {@code time}, {@code mark}, {@code signal}, {@code full}, {@code gone}
 */
public record RecordingReport(Path file, long pages, Duration lasted, String end) {
  static RecordingReport of(Recorder.Written written) {
    Recording recording = written.recording();
    return new RecordingReport(
        written.file(),
        recording.touches().size(),
        Duration.ofNanos(recording.durationNanos()),
        recording.end().name().toLowerCase(java.util.Locale.ROOT));
  }
}
