package dev.thaw.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.ImageFormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordingTest {
  private static final int HEADER = 48;
  private static final byte[] STATS = "{}".getBytes(StandardCharsets.US_ASCII);

  @TempDir Path directory;

  static Recording.Touch touch(int pagemap, long page, long nanos) {
    return new Recording.Touch(pagemap, page, nanos, false, false);
  }

  private static Recording recording(Recording.Touch... touches) {
    return new Recording(7, 1000, Recording.End.MARK, List.of("17", "shared-3"), List.of(touches));
  }

  private static Recording some() {
    return recording(
        touch(0, 5, 10),
        new Recording.Touch(1, 5, 10, true, false),
        new Recording.Touch(0, 1L << 40, 999, false, true));
  }

  private static Recording decode(byte[] content) throws ImageFormatException {
    return Recording.decode("a.ws", content);
  }

  /** The content with a change and the checksum that goes with it. */
  private static byte[] changed(int offset, long value, int bytes) {
    ByteBuffer content = ByteBuffer.wrap(some().encode()).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes == 8) {
      content.putLong(offset, value);
    } else {
      content.putInt(offset, (int) value);
    }
    return checked(content.array());
  }

  private static byte[] checked(byte[] content) {
    CRC32C crc = new CRC32C();
    crc.update(content, 16, content.length - 16);
    ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).putInt(12, (int) crc.getValue());
    return content;
  }

  @Test
  void whatWasWrittenIsRead() throws Exception {
    Recording read = decode(some().encode());
    assertEquals(7, read.checkpoint());
    assertEquals(1000, read.durationNanos());
    assertEquals(Recording.End.MARK, read.end());
    assertEquals(List.of("17", "shared-3"), read.pagemaps());
    assertEquals(some().touches(), read.touches());
    assertArrayEquals(some().encode(), read.encode());
  }

  @Test
  void everyBitThatFlipsAndEveryByteThatIsMissingIsSeen() {
    byte[] content = some().encode();
    for (int bit = 0; bit < content.length * 8; bit++) {
      byte[] damaged = content.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      assertThrows(ImageFormatException.class, () -> decode(damaged), "bit " + bit);
    }
    for (int length = 0; length < content.length; length++) {
      byte[] cut = Arrays.copyOf(content, length);
      assertThrows(ImageFormatException.class, () -> decode(cut), "cut at " + length);
    }
    assertThrows(
        ImageFormatException.class, () -> decode(Arrays.copyOf(content, content.length + 1)));
  }

  @Test
  void whatHasTheRightChecksumAndBreaksARuleIsRefused() {
    int touches = HEADER + 2 + 2 + 2 + 8;
    List<byte[]> broken =
        List.of(
            changed(8, 2, 4), // version
            changed(24, 998, 8), // ended before the last touch
            changed(32, 1, 4), // no such end
            changed(36, 3, 4), // more names
            changed(36, -1, 4),
            changed(40, 2, 8), // fewer touches
            changed(40, 1L << 60, 8),
            changed(HEADER + 2, '/' << 8 | '.', 4), // not a name; and its neighbour's length
            changed(touches, 11, 8), // times descend
            changed(touches, -1, 8),
            changed(touches + 8, 1L << 60, 8), // a page that cannot be
            changed(touches + 16, 2, 4), // no such pagemap
            changed(touches + 20, 4, 4), // an unknown flag
            changed(touches + 24 + 16, 0, 4)); // the first page again
    for (int i = 0; i < broken.size(); i++) {
      byte[] content = broken.get(i);
      assertThrows(ImageFormatException.class, () -> decode(content), "case " + i);
    }
  }

  @Test
  void namesMustAscend() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new Recording(7, 0, Recording.End.TIME, List.of("b", "a"), List.of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Recording(7, 0, Recording.End.TIME, List.of("a", "a"), List.of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Recording(7, 0, Recording.End.TIME, List.of("../a"), List.of()));
  }

  @Test
  void everyFileGetsANumberOfItsOwnAndIsOwnersOnly() throws Exception {
    Files.writeString(directory.resolve("working-set-2.ws"), "somebody's");
    Files.writeString(directory.resolve(".working-set-3.ws.partial"), "of one who died");
    Set<Path> files = new TreeSet<>();
    for (int i = 0; i < 3; i++) {
      files.add(RecordingFiles.write(directory, some(), STATS));
    }
    assertEquals(
        Stream.of(1, 4, 5).map(n -> directory.resolve("working-set-" + n + ".ws")).toList(),
        List.copyOf(files));
    assertEquals(
        "[OWNER_READ, OWNER_WRITE]",
        new TreeSet<>(Files.getPosixFilePermissions(files.iterator().next())).toString());
    assertEquals(4, RecordingFiles.list(directory).size());
    assertEquals(Optional.empty(), RecordingFiles.stats(directory.resolve("working-set-2.ws")));
    assertEquals(
        some().touches(), RecordingFiles.read(directory.resolve("working-set-5.ws")).touches());
  }

  @Test
  void writersAtTheSameTimeLoseNothing() throws Exception {
    List<Thread> threads =
        Stream.generate(
                () ->
                    new Thread(
                        () -> {
                          try {
                            RecordingFiles.write(directory, some(), STATS);
                          } catch (java.io.IOException e) {
                            throw new java.io.UncheckedIOException(e);
                          }
                        }))
            .limit(8)
            .toList();
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    List<Path> files = RecordingFiles.list(directory);
    assertEquals(8, files.size());
    for (Path file : files) {
      assertArrayEquals(STATS, Files.readAllBytes(RecordingFiles.stats(file).orElseThrow()));
      assertEquals(some().touches(), RecordingFiles.read(file).touches());
    }
  }

  @Test
  void aSymbolicLinkIsNotFollowed() throws Exception {
    Path file = RecordingFiles.write(directory, some(), STATS);
    Path link = Files.createSymbolicLink(directory.resolve("working-set-9.ws"), file);
    assertTrue(RecordingFiles.list(directory).contains(link));
    assertThrows(ImageFormatException.class, () -> RecordingFiles.read(link));
  }
}
