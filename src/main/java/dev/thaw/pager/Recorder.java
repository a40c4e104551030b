package dev.thaw.pager;

import dev.thaw.image.ImageCodec;
import dev.thaw.image.stats.TreeStats;
import dev.thaw.linux.Clock;
import dev.thaw.linux.Fd;
import dev.thaw.linux.SyscallException;
import dev.thaw.store.Recording;
import dev.thaw.store.RecordingFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * The recording of what one tree touches: begun by the JVM that restores it, ended by whoever comes
 * first (its time, a signal to thaw-init, a full log, {@link #mark}, the end of the tree), and
 * written beside the checkpoint by whoever sees that first, this JVM or another one. A lock on the
 * log, which the kernel releases when its holder dies, has it written once.
 */
public final class Recorder implements AutoCloseable {
  private static final Duration LOOK = Duration.ofMillis(20);
  private static final Duration MARKER_LIMIT = Duration.ofSeconds(1);

  private final Fd fd;
  private final TouchLog log;
  private final Supplier<TreeStats> stats;

  /**
   * What to record, and where to.
   *
   * @param checkpoint {@link dev.thaw.store.CheckpointDir#identity}
   * @param limit from {@link PagerSession#start} on; empty for no limit
   */
  public record Plan(Path directory, long checkpoint, Optional<Duration> limit) {}

  /** A recording in its file. */
  public record Written(Path file, Recording recording) {}

  /**
   * Takes ownership of the descriptor of the log.
   *
   * @param stats of the tree that is recorded, read when the recording is written
   */
  Recorder(Fd fd, Supplier<TreeStats> stats) throws IOException {
    this.fd = fd;
    this.stats = stats;
    try {
      this.log = new TouchLog(fd);
    } catch (IOException | RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  void begin(Plan plan, PageNames names) throws SyscallException {
    byte[] directory = plan.directory().toString().getBytes(StandardCharsets.UTF_8);
    byte[] encoded = names.encode();
    ByteBuffer out = ByteBuffer.allocate(12 + directory.length + encoded.length);
    out.order(ByteOrder.nativeOrder()).putLong(plan.checkpoint()).putInt(directory.length);
    out.put(directory).put(encoded);
    log.begin(now(), plan.limit().map(Duration::toNanos).orElse(0L), out.array());
  }

  private static long now() throws SyscallException {
    return Clock.nanos(Clock.CLOCK_MONOTONIC);
  }

  /** Whether anything is or was recorded. */
  public boolean isBegun() {
    return log.state() != TouchLog.OFF;
  }

  /** Whether it goes on. */
  public boolean isRecording() {
    return log.state() == TouchLog.ON;
  }

  /** Ends it, where it has not ended by itself. */
  public void mark() throws SyscallException {
    log.end(Recording.End.MARK, now());
  }

  /** Waits for its end, and ends it when its time is over. */
  public Recording.End awaitEnd() throws SyscallException {
    while (isRecording()) {
      if (log.isOver(now())) {
        log.end(Recording.End.TIME, now());
      } else {
        LockSupport.parkNanos(LOOK.toNanos());
      }
    }
    return log.end();
  }

  /**
   * Leaves it to {@code thaw mark} to write what it has ended, and say so to its user; returns when
   * it has, or after a second: it may have been killed.
   */
  public void awaitMarker() {
    long deadline = System.nanoTime() + MARKER_LIMIT.toNanos();
    while (!log.isWritten() && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(LOOK.toNanos());
    }
  }

  /**
   * Writes the recording, which has ended, and the statistics of now, unless somebody else has.
   *
   * @return empty if somebody else has
   */
  public Optional<Written> write() throws IOException {
    Path path = Path.of("/proc/self/fd/" + fd.number());
    try (FileChannel channel =
            FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      if (!lock.isValid() || log.isWritten()) {
        return Optional.empty();
      }
      ByteBuffer in = ByteBuffer.wrap(log.names()).order(ByteOrder.nativeOrder());
      long checkpoint = in.getLong();
      byte[] directory = new byte[in.getInt()];
      in.get(directory);
      PageNames names = PageNames.decode(Arrays.copyOfRange(in.array(), in.position(), in.limit()));
      Recording recording = log.read(checkpoint, names);
      Path file =
          RecordingFiles.write(
              Path.of(new String(directory, StandardCharsets.UTF_8)),
              recording,
              ImageCodec.write(stats.get()));
      log.markWritten();
      return Optional.of(new Written(file, recording));
    }
  }

  @Override
  public void close() {
    fd.close();
  }
}
