package dev.thaw.restore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.ImageFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Records that were changed and whose checksums were computed anew: all of it is refused in one
 * line, or it is another checkpoint that compiles. Nothing else may happen.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DamagedRecordsTest {
  private static final int ROUNDS = Integer.getInteger("fuzz.rounds", 100);

  @TempDir Path parent;
  private Path directory;

  @BeforeEach
  void write() throws Exception {
    directory = parent.resolve("c");
    SampleTree.write(directory);
  }

  /** Puts {@code content} in the place of a file, with a list of checksums that fits it. */
  private void replace(String name, byte[] content) throws IOException {
    Files.write(directory.resolve(name), content);
    Path list = directory.resolve("checksums");
    StringBuilder text = new StringBuilder();
    for (String line : Files.readAllLines(list, StandardCharsets.US_ASCII)) {
      if (line.endsWith(" " + name)) {
        line = crc(content) + " " + content.length + " " + name;
      } else if (line.endsWith(" end")) {
        line = crc(text.toString().getBytes(StandardCharsets.US_ASCII)) + " end";
      }
      text.append(line).append('\n');
    }
    Files.writeString(list, text, StandardCharsets.US_ASCII);
  }

  private static String crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return String.format("%08x", crc.getValue());
  }

  private byte[] read(String name) throws IOException {
    return Files.readAllBytes(directory.resolve(name));
  }

  @ParameterizedTest
  @ValueSource(strings = {"SHARE", "EXACT", "GRADUATE", "EAGER"})
  void theSampleItselfCompiles(MemoryMode mode) throws Exception {
    replace("files.json", read("files.json"));
    assertFalse(CompiledCheckpoint.of(directory, mode).isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"manifest.json", "files.json", "process-100.json", "process-101.json"})
  void mutatedRecordsAreRefusedInOneLineOrCompile(String name) throws Exception {
    byte[] good = read(name);
    RecordMutator mutator = new RecordMutator(good, name.hashCode());
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      byte[] bad = mutator.next();
      replace(name, bad);
      MemoryMode mode = MemoryMode.values()[round % MemoryMode.values().length];
      refused += refusedOrCompiled(mode, new String(bad, StandardCharsets.UTF_8)) ? 1 : 0;
    }
    assertTrue(refused > ROUNDS / 4, refused + " of " + ROUNDS + " were refused");
  }

  @ParameterizedTest
  @ValueSource(strings = {"manifest.json", "files.json", "process-100.json"})
  void flippedBitsAreRefusedInOneLineOrCompile(String name) throws Exception {
    byte[] good = read(name);
    Random random = new Random(name.hashCode());
    for (int round = 0; round < ROUNDS; round++) {
      byte[] bad = good.clone();
      bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
      replace(name, bad);
      refusedOrCompiled(MemoryMode.SHARE, new String(bad, StandardCharsets.UTF_8));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"pages.idx", "pagemap-100.img", "pagemap-101.img", "pagemap-shared-4.img"})
  void binaryFilesWithOtherWordsAreRefusedInOneLineOrCompile(String name) throws Exception {
    byte[] good = read(name);
    Random random = new Random(name.hashCode());
    long[] extreme = {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 40, 1L << 59, 4096};
    for (int round = 0; round < ROUNDS; round++) {
      byte[] bad = good.clone();
      ByteBuffer words = ByteBuffer.wrap(bad).order(ByteOrder.LITTLE_ENDIAN);
      words.putLong(8 * random.nextInt(bad.length / 8), extreme[random.nextInt(extreme.length)]);
      replace(name, bad);
      refusedOrCompiled(MemoryMode.SHARE, name + " in round " + round);
    }
  }

  /** Whether it was refused. */
  private boolean refusedOrCompiled(MemoryMode mode, String what) {
    try {
      CompiledCheckpoint.of(directory, mode);
      return false;
    } catch (IOException e) {
      assertFalse(e.getMessage() == null || e.getMessage().isBlank(), what);
      assertFalse(e.getMessage().contains("\n"), e.getMessage());
      return true;
    } catch (RuntimeException | Error e) {
      throw new AssertionError("neither refused nor compiled: " + what, e);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "manifest.json, '\"formatVersion\" : 1', '\"formatVersion\" : 2', format version 2",
    "manifest.json, '\"waitStatus\" : 9', '\"waitStatus\" : 19', wait status 19",
    "manifest.json, '\"pid\" : 102', '\"pid\" : 101', a pid is listed twice",
    "files.json, '\"object\" : 2', '\"object\" : 4', another kind",
    "files.json, '\"peer\" : 15', '\"peer\" : 3', which cannot be",
    "files.json, '\"/dev/null\"', '\"dev/null\"', device dev/null",
    "files.json, '\"/tmp/kept\"', '\"/etc/passwd\"', no process maps /etc/passwd",
    "files.json, '\"owner\" : 101', '\"owner\" : 102', which is not in the tree",
    "files.json, '\"file\" : 3,', '\"file\" : 99,', which is not there",
    "files.json, '\"sizeBytes\" : 8187', '\"sizeBytes\" : 1', behind the end",
    "process-100.json, '\"object\" : 5', '\"object\" : 3', pages of another size",
    "process-100.json, '\"object\" : 5', '\"object\" : 99', 99 is not there",
    "files.json, '\"hugePageBytes\" : 2097152', '\"hugePageBytes\" : 8388608', in huge pages",
    "process-100.json, '\"file\" : 17', '\"file\" : 99', refers to no file",
    "process-100.json, '\"tid\" : 103', '\"tid\" : 101', is used twice",
    "process-100.json, '\"pid\" : 100', '\"pid\" : 101', 101",
    "process-100.json, '\"/usr/bin/thing\"', '\"../thing\"', not an absolute path",
    "process-100.json, '\"0x10000\"', '\"0x010000\"', 0x10000",
    "process-101.json, '\"cwd\" : \"/\"', '\"cwd\" : \"\"', cwd"
  })
  void whatIsWrongIsNamed(String name, String right, String wrong, String said) throws Exception {
    String good = new String(read(name), StandardCharsets.UTF_8);
    assertTrue(good.contains(right), right);
    replace(name, good.replace(right, wrong).getBytes(StandardCharsets.UTF_8));
    ImageFormatException e =
        assertThrows(
            ImageFormatException.class, () -> CompiledCheckpoint.of(directory, MemoryMode.SHARE));
    assertTrue(e.getMessage().contains(said), e.getMessage());
    assertTrue(e.getMessage().contains(".json") || e.getMessage().contains(".img"), e.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"manifest.json", "files.json", "process-100.json"})
  void aRecordThatIsCutOffOrEmptyIsRefusedByItsName(String name) throws Exception {
    String good = new String(read(name), StandardCharsets.UTF_8);
    for (String bad : List.of("", "{}", "null", "[]", good.substring(0, good.length() / 2))) {
      replace(name, bad.getBytes(StandardCharsets.UTF_8));
      ImageFormatException e =
          assertThrows(
              ImageFormatException.class, () -> CompiledCheckpoint.of(directory, MemoryMode.SHARE));
      assertTrue(e.getMessage().startsWith(name), e.getMessage());
      assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    }
  }

  @Test
  void aCountThatIsFarTooLargeAllocatesNothing() throws Exception {
    for (String name : List.of("pages.idx", "pagemap-100.img")) {
      byte[] bad = read(name);
      int at = name.equals("pages.idx") ? 16 : 48;
      ByteBuffer.wrap(bad).order(ByteOrder.LITTLE_ENDIAN).putLong(at, Long.MAX_VALUE / 32);
      byte[] good = read(name);
      replace(name, bad);
      assertThrows(
          ImageFormatException.class, () -> CompiledCheckpoint.of(directory, MemoryMode.SHARE));
      replace(name, good);
    }
  }
}
