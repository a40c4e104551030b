package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.ImageCodec;
import dev.thaw.image.stats.SampleStats;
import dev.thaw.image.stats.TreeStats;
import dev.thaw.linux.Clock;
import dev.thaw.linux.Fd;
import dev.thaw.linux.Memfd;
import dev.thaw.linux.Open;
import dev.thaw.linux.SharedMapping;
import dev.thaw.store.Recording;
import dev.thaw.store.RecordingFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The touch log in a memfd, as thaw-pager leaves it: {@code native/pager-test/pager_record.c}. */
@Tag("kernel")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TouchLogIT {
  private static final int DONE = 1;
  private static final int WRITE = 2;
  private static final int ZERO = 4;

  @TempDir Path directory;

  private final PageNames names =
      new PageNames(
          List.of(
              new PageNames.Range("shared-1", 0, 100, 0),
              new PageNames.Range("17", 5000, 100, 100)));

  private Memfd memfd;
  private SharedMapping raw;
  private Recorder recorder;

  @BeforeEach
  void begin() throws Exception {
    memfd = Memfd.create("touches", TouchLog.BYTES);
    raw = new SharedMapping(memfd, TouchLog.BYTES);
    raw.setInt(0, TouchLog.VERSION);
    recorder = another();
    assertFalse(recorder.isBegun());
    recorder.begin(new Recorder.Plan(directory, 42, Optional.of(Duration.ofHours(1))), names);
    assertTrue(recorder.isRecording());
  }

  @AfterEach
  void end() {
    recorder.close();
    memfd.close();
  }

  /** The same log, as another process opens it. */
  private Recorder another() throws Exception {
    Fd fd = Open.open("/proc/self/fd/" + memfd.number(), Open.O_RDWR);
    return new Recorder(fd, SampleStats::tree);
  }

  private void touch(long nanos, int index, int flags) {
    int at = TouchLog.LOG_OFFSET + TouchLog.TOUCH_BYTES * (int) raw.getLong(TouchLog.NEXT);
    raw.addLong(TouchLog.NEXT, 1);
    raw.setLong(at, nanos);
    raw.setInt(at + 8, index);
    raw.setInt(at + 12, flags);
  }

  private Recording written() throws Exception {
    recorder.mark();
    Path file = recorder.write().orElseThrow().file();
    return RecordingFiles.read(file);
  }

  @Test
  void aPageCountsOnceAndWhatWasNotFinishedNotAtAll() throws Exception {
    touch(10, 3, DONE);
    touch(20, 100, 0); // its reader was killed in between
    touch(40, 199, DONE | WRITE);
    touch(30, 101, DONE); // took its place late
    touch(50, 3, DONE | WRITE);
    touch(60, 200, DONE); // in no pagemap
    Recording recording = written();
    assertEquals(List.of("17", "shared-1"), recording.pagemaps());
    assertEquals(
        List.of(
            new Recording.Touch(1, 3, 10, false, false),
            new Recording.Touch(0, 5001, 30, false, false),
            new Recording.Touch(0, 5099, 40, true, false)),
        recording.touches());
    assertEquals(42, recording.checkpoint());
    assertEquals(Recording.End.MARK, recording.end());
  }

  @Test
  void contentThatAnotherProcessOfTheTreeStillHasIsTheTouch() throws Exception {
    touch(10, 3, DONE | ZERO);
    touch(20, 4, DONE);
    touch(30, 3, DONE);
    touch(40, 4, DONE | ZERO);
    assertEquals(
        List.of(
            new Recording.Touch(0, 4, 20, false, false),
            new Recording.Touch(0, 3, 30, false, false)),
        written().touches());
  }

  @Test
  void itsTimeEndsIt() throws Exception {
    touch(10, 3, DONE);
    raw.setLong(TouchLog.LIMIT_NANOS, 50);
    assertEquals(Recording.End.TIME, recorder.awaitEnd());
    Recording recording = RecordingFiles.read(recorder.write().orElseThrow().file());
    assertEquals(50, recording.durationNanos());
    assertEquals(Recording.End.TIME, recording.end());
  }

  @Test
  void theEndIsWhatCameFirst() throws Exception {
    long now = Clock.nanos(Clock.CLOCK_MONOTONIC);
    TouchLog log = new TouchLog(memfd);
    assertTrue(log.end(Recording.End.FULL, now));
    assertFalse(log.end(Recording.End.MARK, now));
    assertEquals(Recording.End.FULL, written().end());
  }

  @Test
  void itIsWrittenOnceWhoeverAsks() throws Exception {
    touch(10, 3, DONE);
    recorder.mark();
    assertTrue(recorder.write().isPresent());
    try (Recorder other = another()) {
      other.mark();
      assertEquals(Optional.empty(), other.write());
    }
    assertEquals(1, RecordingFiles.list(directory).size());
    Path stats = RecordingFiles.stats(RecordingFiles.list(directory).get(0)).orElseThrow();
    assertEquals(
        SampleStats.tree(),
        ImageCodec.read(stats.toString(), Files.readAllBytes(stats), TreeStats.class));
  }

  @Test
  void aTreeOfAsManyVmasAsThereMayBeIsNamedToo() throws Exception {
    List<PageNames.Range> ranges = new ArrayList<>();
    for (int i = 0; i < Tables.MAX_SLOTS; i++) {
      ranges.add(new PageNames.Range("1" + i % 500, i, 1, i));
    }
    assertTrue(new PageNames(ranges).encode().length < TouchLog.NAMES_BYTES / 2);
  }
}
