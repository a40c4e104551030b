package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.ProcessImage;
import dev.thaw.store.CheckpointDir;
import dev.thaw.store.PageStore;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the command does with a checkpoint of which a bit is not as it was written. */
@Tag("e2e")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DamagedIT {
  private static final int PAGE = 4096;

  /** images/FORMAT.md: {@code pages.idx}. */
  private static final int INDEX_HEADER_BYTES = 32;

  private static final int INDEX_ENTRY_BYTES = 24;

  @TempDir Path directory;

  /** A frame all of whose pages belong to the mapping of the victim. */
  private record Lost(long frame, long storedAt, long address, long firstPage, int pageCount) {}

  private static Lost frameWithin(Victim victim, Path checkpoint) throws IOException {
    Matcher area = Pattern.compile("area 0x([0-9a-f]+)").matcher(victim.log());
    assertTrue(area.find(), victim.log());
    long start = Long.parseLong(area.group(1), 16) / PAGE;
    CheckpointDir dir = CheckpointDir.open(checkpoint);
    try (PageStore pages = dir.openPages()) {
      for (PagemapRun run : dir.pagemap(ProcessImage.pagemapName(victim.pid()), pages).runs()) {
        long from = Math.max(start, run.firstPage());
        long firstStorePage = run.firstStorePage() + from - run.firstPage();
        long frame = Math.floorDiv(firstStorePage + 100, pages.framePages());
        long first = from + frame * pages.framePages() - firstStorePage;
        boolean inRun = first + pages.framePages() <= run.endPage();
        if (from >= start && from < start + 100 && inRun) {
          long at =
              ByteBuffer.wrap(dir.read("pages.idx"))
                  .order(ByteOrder.LITTLE_ENDIAN)
                  .getLong((int) (INDEX_HEADER_BYTES + frame * INDEX_ENTRY_BYTES));
          return new Lost(frame, at, first * PAGE, first - start, pages.framePages());
        }
      }
    }
    throw new AssertionError("no frame lies within the mapping at page " + start);
  }

  private static void flipBit(Path file, long offset, int bit) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(offset);
      int old = bytes.read();
      bytes.seek(offset);
      bytes.write(old ^ 1 << bit);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"graduate", "share", "exact"})
  void onlyThePagesOfADamagedFrameAreLost(String memory) throws Exception {
    try (Victim victim = Victim.start("lost_pages", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      Lost lost = frameWithin(victim, checkpoint);
      flipBit(checkpoint.resolve("pages.img"), lost.storedAt() + 5, 3);
      Files.writeString(
          directory.resolve("log.lost"),
          LongStream.range(lost.firstPage(), lost.firstPage() + lost.pageCount())
              .mapToObj(Long::toString)
              .collect(Collectors.joining("\n")));
      Path errors = directory.resolve("errors");
      victim.restoreWithErrors(errors, checkpoint, "--private-memory", memory);
      victim.check();
      assertNamesIt(Files.readString(errors), checkpoint, victim.pid(), lost);
    }
  }

  /** One line about the frame, and one for each page that was touched before that was known. */
  private static void assertNamesIt(String log, Path checkpoint, int pid, Lost lost) {
    String frame = "thaw: %s/pages.img: frame %d (pages ".formatted(checkpoint, lost.frame());
    String memory =
        "; it held pid %d: 0x%x-0x%x; its pages are poisoned: SIGBUS where touched"
            .formatted(pid, lost.address(), lost.address() + (long) lost.pageCount() * PAGE);
    String page =
        "thaw: pid %d: page 0x[0-9a-f]+ is lost with frame %d; it gets SIGBUS"
            .formatted(pid, lost.frame());
    List<String> lines = log.lines().filter(line -> !line.matches(page)).toList();
    assertEquals(1, lines.size(), log);
    assertTrue(lines.get(0).startsWith(frame) && lines.get(0).endsWith(memory), log);
  }

  @Test
  void anEagerRestoreRefusesADamagedFrame() throws Exception {
    try (Victim victim = Victim.start("lost_pages", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      Lost lost = frameWithin(victim, checkpoint);
      flipBit(checkpoint.resolve("pages.img"), lost.storedAt() + 5, 3);
      Command restore = Command.thaw("restore", "-D", checkpoint, "-d", "--eager");
      assertFailed(restore, 4, "pages.img: frame " + lost.frame());
      assertNothingLeft(victim, checkpoint);
    }
  }

  @Test
  void damagedMetadataRestoresNothing() throws Exception {
    try (Victim victim = Victim.start("memfds", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      Random random = new Random(4711);
      for (Path file : filesOf(checkpoint)) {
        String name = file.getFileName().toString();
        byte[] content = Files.readAllBytes(file);
        if (name.equals("pages.img")) {
          continue; // checked frame by frame, as it is read
        }
        flipBit(file, random.nextInt(content.length), random.nextInt(8));
        refused(victim, checkpoint, name);
        Files.write(file, java.util.Arrays.copyOf(content, random.nextInt(content.length)));
        refused(victim, checkpoint, name);
        Files.delete(file);
        refused(victim, checkpoint, name);
        Files.write(file, content);
      }
      victim.restore(checkpoint);
      victim.check();
    }
  }

  private void refused(Victim victim, Path checkpoint, String file)
      throws IOException, InterruptedException {
    Path pidfile = directory.resolve("pidfile");
    assertFailed(Command.thaw("restore", "-D", checkpoint, "-d", "--pidfile", pidfile), 4, file);
    assertFailed(Command.thaw("inspect", checkpoint), 4, file);
    assertFalse(Files.exists(pidfile));
    assertNothingLeft(victim, checkpoint);
  }

  private static void assertFailed(Command command, int exit, String names) {
    assertEquals(exit, command.exit(), command::toString);
    assertTrue(command.output().startsWith("thaw: "), command::toString);
    assertEquals(1, command.output().lines().count(), command::toString);
    assertTrue(command.output().contains(names), command::toString);
  }

  private void assertNothingLeft(Victim victim, Path checkpoint) throws IOException {
    assertFalse(victim.isAlive(), "the restored process");
    assertEquals(List.of(), victim.left(), "processes, with their memfds");
    try (Stream<Path> files = Files.list(directory)) {
      TreeSet<String> names = new TreeSet<>();
      files.forEach(f -> names.add(f.getFileName().toString()));
      assertTrue(Stream.of("checkpoint", "log").allMatch(names::contains));
      assertTrue(names.stream().noneMatch(n -> n.contains("partial")), names::toString);
    }
    assertTrue(filesOf(checkpoint).stream().noneMatch(f -> f.toString().contains("partial")));
  }

  private static List<Path> filesOf(Path checkpoint) throws IOException {
    try (Stream<Path> files = Files.list(checkpoint)) {
      return files.sorted().toList();
    }
  }
}
