package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The checkpoints in {@code images/}, made on another machine by {@code src/build/make-golden}, are
 * restored on this one.
 *
 * <p>Each in a pid namespace, where its pid is free, and with a {@code /run} of its own, where its
 * program lies. It is woken by SIGUSR2 and tells its verdict by its exit code: 0, or 100 + the
 * number of the part of its memory that differs.
 */
@Tag("e2e")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GoldenCheckpointIT {
  private static final int PID = 4000;
  private static final int SIGBUS = 7;
  private static final int BAD_IMAGE = 4;

  /** This frame of nolibc holds nothing but pages that are installed when they are touched. */
  private static final int LAZY_FRAME = 1;

  /** Arguments: the command, the program, the checkpoint, options. */
  private static final String RESTORE =
      """
      mount -t tmpfs tmpfs /run && mkdir /run/thaw-golden && cp "$1" /run/thaw-golden/ || exit 99
      thaw=$0 checkpoint=$2
      shift 2
      "$thaw" restore -D "$checkpoint" --pidfile /run/pid --accept-other-cpu "$@" &
      until [ -e /run/pid ]; do kill -0 $! || break; sleep 0.01; done 2>/dev/null
      [ -e /run/pid ] && kill -USR2 "$(cat /run/pid)"
      wait $!
      """;

  @TempDir Path directory;

  static Stream<Path> checkpoints() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("images"))) {
      List<Path> golden =
          all.filter(path -> path.getFileName().toString().startsWith("golden-")).toList();
      assertFalse(golden.isEmpty());
      return golden.stream().map(Path::toAbsolutePath);
    }
  }

  private static Command restore(Path program, Path checkpoint, String... options)
      throws Exception {
    String thaw = System.getProperty("thaw.command", "target/thaw");
    Stream<String> line =
        Stream.of(
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "sh",
            "-c",
            RESTORE,
            Path.of(thaw).toAbsolutePath().toString(),
            program.toString(),
            checkpoint.toString());
    return Command.run(Stream.concat(line, Stream.of(options)).toList());
  }

  @ParameterizedTest
  @MethodSource("checkpoints")
  void isRestoredAndFindsItsMemoryUnchanged(Path checkpoint) throws Exception {
    restore(checkpoint.resolve("nolibc"), checkpoint).succeeded();
  }

  @ParameterizedTest
  @MethodSource("checkpoints")
  void isRestoredWithEveryKindOfMemory(Path checkpoint) throws Exception {
    Path program = checkpoint.resolve("nolibc");
    restore(program, checkpoint, "--private-memory", "share").succeeded();
    restore(program, checkpoint, "--private-memory", "exact").succeeded();
    restore(program, checkpoint, "--eager").succeeded();
  }

  @ParameterizedTest
  @MethodSource("checkpoints")
  void everyChecksumIsRight(Path checkpoint) throws Exception {
    Command verified = Command.thaw("verify", checkpoint).succeeded();
    assertTrue(verified.output().contains("every checksum right"), verified.toString());
  }

  @ParameterizedTest
  @MethodSource("checkpoints")
  void inspectShowsItsProgramAndItsMemory(Path checkpoint) throws Exception {
    Command inspected = Command.thaw("inspect", checkpoint).succeeded();
    assertTrue(inspected.output().contains("process " + PID), inspected.toString());
    assertTrue(inspected.output().contains("/run/thaw-golden/nolibc"), inspected.toString());
    assertTrue(inspected.output().contains("  stack"), inspected.toString());
  }

  /** A page that cannot be had gives the thread that needs it SIGBUS, and is named. */
  @ParameterizedTest
  @MethodSource("checkpoints")
  void aFlippedBitInAPageIsNamedAndNeverReadAsSomethingElse(Path checkpoint) throws Exception {
    Path damaged = withDamagedFrame(checkpoint, LAZY_FRAME);
    Command restored = restore(checkpoint.resolve("nolibc"), damaged);
    assertEquals(128 + SIGBUS, restored.exit(), restored.toString());
    assertTrue(restored.output().contains("pages.img: frame 1 "), restored.toString());
    Command verified = Command.thaw("verify", damaged);
    assertEquals(BAD_IMAGE, verified.exit(), verified.toString());
  }

  /** What lies over its program file is to be there before it runs. */
  @ParameterizedTest
  @MethodSource("checkpoints")
  void aFlippedBitInAPageThatIsNeededAtOnceRestoresNothing(Path checkpoint) throws Exception {
    Command refused = restore(checkpoint.resolve("nolibc"), withDamagedFrame(checkpoint, 0));
    assertEquals(BAD_IMAGE, refused.exit(), refused.toString());
    assertTrue(refused.output().contains("pages.img: frame 0 "), refused.toString());
    assertEquals(1, refused.output().lines().count(), refused.toString());
  }

  /** A copy with one bit of a frame flipped; where it lies pages.idx says, see FORMAT.md. */
  private Path withDamagedFrame(Path checkpoint, int frame) throws IOException {
    Path damaged = copy(checkpoint);
    ByteBuffer index = ByteBuffer.wrap(Files.readAllBytes(damaged.resolve("pages.idx")));
    int offset = (int) index.order(ByteOrder.LITTLE_ENDIAN).getLong(32 + 24 * frame);
    Path pages = damaged.resolve("pages.img");
    byte[] content = Files.readAllBytes(pages);
    content[offset + 100] ^= 1;
    Files.write(pages, content);
    return damaged;
  }

  /** The build-id tells programs apart, where size and time of a copy do not. */
  @ParameterizedTest
  @MethodSource("checkpoints")
  void anotherProgramInItsPlaceIsRefused(Path checkpoint) throws Exception {
    Path other = directory.resolve("nolibc");
    Files.copy(Victim.program("rounding"), other);
    Command refused = restore(other, checkpoint);
    assertEquals(3, refused.exit(), refused.toString());
    assertTrue(refused.output().contains("changed since the dump"), refused.toString());
  }

  @Test
  void metadataThatIsDamagedRestoresNothing() throws Exception {
    for (Path checkpoint : checkpoints().toList()) {
      for (String name : List.of("manifest.json", "files.json", "process-" + PID + ".json")) {
        Path damaged = copy(checkpoint);
        Path file = damaged.resolve(name);
        byte[] content = Files.readAllBytes(file);
        content[content.length / 3] ^= 4;
        Files.write(file, content);
        Command refused = restore(checkpoint.resolve("nolibc"), damaged);
        assertEquals(BAD_IMAGE, refused.exit(), refused.toString());
        assertTrue(refused.output().startsWith("thaw: " + file + ": checksum"), refused.toString());
        assertEquals(1, refused.output().lines().count(), refused.toString());
      }
    }
  }

  private Path copy(Path checkpoint) throws IOException {
    Path copy = Files.createTempDirectory(directory, "damaged");
    try (Stream<Path> files = Files.list(checkpoint)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.copy(file, copy.resolve(file.getFileName()));
      }
    }
    return copy;
  }
}
