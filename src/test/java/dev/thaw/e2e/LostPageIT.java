package dev.thaw.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.stats.TreeStats;
import dev.thaw.pager.RunningPager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A flipped bit in a frame, restored in the foreground: exactly the pages of that frame are lost,
 * in all memory that holds them. Which these are is read from the files alone, as FORMAT.md tells.
 */
@Tag("e2e")
@Timeout(value = 150, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LostPageIT {
  private static final int PAGE = 4096;

  // lost_copies.c has the same.
  private static final long PRIVATE_PAGES = 1024;
  private static final long SHARED_PAGES = 256;
  private static final long EQUAL_PRIVATE = 512;
  private static final long EQUAL_SHARED = 17;

  /** As a dump makes them. */
  private static final int FRAME_PAGES = 16;

  @TempDir Path directory;

  /** A page of the victim, by address, in the store. */
  private final TreeMap<Long, Long> storePages = new TreeMap<>();

  private long equalPage;
  private long sharedStart;

  /** Touched at once, while the rest is being filled; or when nothing is left to be done. */
  @ParameterizedTest
  @CsvSource({"share,false", "share,true", "graduate,false", "graduate,true", "exact,true"})
  void exactlyThePagesOfTheFrameAreLostWhereverTheyAre(String memory, boolean settled)
      throws Exception {
    try (Victim victim = Victim.start("lost_copies", directory)) {
      Path checkpoint = victim.dump("checkpoint");
      Files.createFile(directory.resolve("may-lose"));
      ByteBuffer index = read(checkpoint.resolve("pages.idx"));
      assertEquals(FRAME_PAGES, index.getInt(12));
      locate(victim, checkpoint);
      long frame = storePages.get(equalPage) / FRAME_PAGES;
      flipBitOf(checkpoint.resolve("pages.img"), index.getLong(32 + 24 * (int) frame));
      TreeSet<Long> due = new TreeSet<>();
      for (Map.Entry<Long, Long> page : storePages.entrySet()) {
        if (page.getValue() / FRAME_PAGES == frame) {
          due.add(page.getKey());
        }
      }
      assertEquals(FRAME_PAGES + 1, due.size(), "all of the frame is the victim's, one page twice");

      Path errors = directory.resolve("errors");
      Process restore = restore(checkpoint, errors, memory);
      if (settled) {
        Victim.await("the end of all work", () -> isSettled(victim, memory));
      }
      String told = victim.verdict();
      assertTrue(restore.waitFor(60, TimeUnit.SECONDS), "the restore ends with the tree");
      assertEquals(0, restore.exitValue(), Files.readString(errors));
      assertTrue(told.startsWith("lost 17 pages: ") && told.endsWith("\nPASS\n"), told);
      assertEquals(due, addressesIn(told));
      assertNamed(Files.readString(errors), victim.pid(), frame, due);
    }
  }

  /** Reads which store page each page of the victim is. */
  private void locate(Victim victim, Path checkpoint) throws IOException {
    Matcher where =
        Pattern.compile("memory at 0x([0-9a-f]+) and 0x([0-9a-f]+)").matcher(victim.log());
    assertTrue(where.find(), victim.log());
    long privateStart = Long.parseLong(where.group(1), 16);
    sharedStart = Long.parseLong(where.group(2), 16);
    equalPage = privateStart + EQUAL_PRIVATE * PAGE;
    readPagemap(
        checkpoint.resolve("pagemap-" + victim.pid() + ".img"), 0, privateStart, PRIVATE_PAGES);
    try (Stream<Path> files = Files.list(checkpoint)) {
      Path shared =
          files
              .filter(f -> f.getFileName().toString().startsWith("pagemap-shared-"))
              .findAny()
              .get();
      readPagemap(shared, sharedStart, sharedStart, SHARED_PAGES);
    }
    assertEquals(PRIVATE_PAGES + SHARED_PAGES, storePages.size());
    assertEquals(storePages.get(equalPage), storePages.get(sharedStart + EQUAL_SHARED * PAGE));
  }

  /** Of its runs, those pages that are among {@code count} from {@code start} on. */
  private void readPagemap(Path file, long base, long start, long count) throws IOException {
    ByteBuffer in = read(file);
    for (int at = 56; at < in.limit(); at += 24) {
      for (long i = 0; i < in.getLong(at + 8); i++) {
        long address = base + (in.getLong(at) + i) * PAGE;
        if (address >= start && address < start + count * PAGE) {
          storePages.put(address, in.getLong(at + 16) + i);
        }
      }
    }
  }

  private static ByteBuffer read(Path file) throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void flipBitOf(Path file, long offset) throws IOException {
    byte[] content = Files.readAllBytes(file);
    content[(int) offset + 77] ^= 8;
    Files.write(file, content);
  }

  /** In the foreground; returns when the tree runs. */
  private Process restore(Path checkpoint, Path errors, String memory) throws IOException {
    Path pidfile = directory.resolve("pid");
    List<String> line = new ArrayList<>(List.of(Command.program(), "restore"));
    line.addAll(List.of("-D", checkpoint.toString(), "--pidfile", pidfile.toString()));
    line.addAll(List.of("--private-memory", memory));
    Process restore = new ProcessBuilder(line).redirectError(errors.toFile()).start();
    Victim.await("the tree", () -> Files.exists(pidfile) || !restore.isAlive());
    assertTrue(restore.isAlive(), Files.readString(errors));
    return restore;
  }

  /** What fills has gone, and what can be is the program's own. A lost page keeps the pager. */
  private static boolean isSettled(Victim victim, String memory) {
    try {
      TreeStats stats = RunningPager.find(victim.pid()).orElseThrow().stats();
      long own = memory.equals("share") ? 0 : PRIVATE_PAGES - FRAME_PAGES;
      return stats.filled() && stats.total().counts().copied() >= own;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static TreeSet<Long> addressesIn(String text) {
    return Pattern.compile("0x([0-9a-f]+)")
        .matcher(text)
        .results()
        .map(address -> Long.parseLong(address.group(1), 16))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private void assertNamed(String log, int pid, long frame, TreeSet<Long> due) {
    List<String> lines = log.lines().filter(line -> line.contains("pages.img: ")).toList();
    assertEquals(1, lines.size(), log);
    String line = lines.get(0);
    TreeSet<Long> ofPrivate = new TreeSet<>(due);
    ofPrivate.removeIf(at -> at >= sharedStart && at < sharedStart + SHARED_PAGES * PAGE);
    assertTrue(line.startsWith("thaw: ") && line.contains(": frame " + frame + " ("), line);
    assertTrue(
        line.contains(
            "pid %d: 0x%x-0x%x".formatted(pid, ofPrivate.first(), ofPrivate.last() + PAGE)),
        line);
    assertTrue(line.matches(".*shared memory \\d+: 0x11000-0x12000.*"), line);
  }
}
