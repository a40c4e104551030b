package dev.thaw.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.ImageFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever is wrong with a checkpoint, nobody gets wrong data from it. */
class DamagedCheckpointTest {
  private static final int PAGE_COUNT = 700;

  @TempDir Path parent;
  private Path directory;
  private ByteBuffer pages;

  @BeforeEach
  void write() throws Exception {
    directory = parent.resolve("c");
    pages = Pages.mixed(PAGE_COUNT, 77);
    Pages.checkpoint(directory, PageStoreOptions.DEFAULTS, pages);
  }

  private void refused(String name) {
    ImageFormatException e =
        assertThrows(ImageFormatException.class, () -> CheckpointDir.open(directory).openPages());
    assertTrue(e.getMessage().startsWith(directory.toString()), e.getMessage());
    assertTrue(e.getMessage().contains(name), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
  }

  private static List<String> problems(Path directory) throws IOException {
    return Verifier.verify(directory, 2, (done, total) -> {}).problems();
  }

  @ParameterizedTest
  @ValueSource(strings = {"checksums", "manifest.json", "pages.idx", "pagemap-1.img"})
  void aMetadataFileWithAFlippedBitIsRefused(String name) throws Exception {
    byte[] content = Files.readAllBytes(directory.resolve(name));
    Random random = new Random(name.hashCode());
    for (int i = 0; i < 200; i++) {
      byte[] bad = content.clone();
      bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
      Files.write(directory.resolve(name), bad);
      refused(name);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"checksums", "manifest.json", "pages.idx", "pagemap-1.img", "pages.img"})
  void aFileThatIsCutOffEmptyOrLongerIsRefused(String name) throws Exception {
    byte[] content = Files.readAllBytes(directory.resolve(name));
    for (int length :
        new int[] {0, 1, content.length / 2, content.length - 1, content.length + 1}) {
      Files.write(directory.resolve(name), Arrays.copyOf(content, length));
      refused(name);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"checksums", "manifest.json", "pages.idx", "pagemap-1.img", "pages.img"})
  void aFileThatIsMissingIsNamed(String name) throws Exception {
    Files.delete(directory.resolve(name));
    refused(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"checksums", "manifest.json", "pages.idx", "pagemap-1.img", "pages.img"})
  void aSymbolicLinkIsRefused(String name) throws Exception {
    Files.move(directory.resolve(name), parent.resolve("elsewhere"));
    Files.createSymbolicLink(directory.resolve(name), parent.resolve("elsewhere"));
    refused(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"checksums", "manifest.json", "pages.img"})
  void aDirectoryInTheFilesPlaceIsRefused(String name) throws Exception {
    Files.delete(directory.resolve(name));
    Files.createDirectory(directory.resolve(name));
    refused(name);
  }

  @Test
  void aFlippedBitInThePageFileCostsOneFrameAndNeverShowsInPages() throws Exception {
    Path file = directory.resolve("pages.img");
    byte[] content = Files.readAllBytes(file);
    Random random = new Random(5);
    for (int i = 0; i < 200; i++) {
      byte[] bad = content.clone();
      int at = PageFile.HEADER_BYTES + random.nextInt(bad.length - PageFile.HEADER_BYTES);
      bad[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, bad);
      assertEquals(1, framesThatFail(at), "frames lost by a bit at " + at);
    }
  }

  private int framesThatFail(int damagedOffset) throws IOException {
    CheckpointDir checkpoint = CheckpointDir.open(directory);
    int failed = 0;
    try (PageStore store = checkpoint.openPages()) {
      ByteBuffer frame = ByteBuffer.allocateDirect(store.framePages() * Pages.PAGE);
      for (long f = 0; f < store.frameCount(); f++) {
        try {
          store.readFrame(f, frame.clear());
          assertTrue(
              damagedOffset < store.offset(f)
                  || damagedOffset >= store.offset(f) + store.storedBytes(f));
        } catch (CorruptFrameException e) {
          failed++;
          assertEquals(f, e.frame());
          assertEquals(f * store.framePages(), e.firstStorePage());
          assertEquals(0, frame.position());
          assertTrue(e.getMessage().startsWith(directory.resolve("pages.img").toString()));
        }
      }
    }
    return failed;
  }

  @Test
  void aFlippedBitInThePageFilesHeaderIsRefused() throws Exception {
    Path file = directory.resolve("pages.img");
    byte[] content = Files.readAllBytes(file);
    for (int bit = 0; bit < PageFile.HEADER_BYTES * 8; bit++) {
      byte[] bad = content.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(file, bad);
      refused("pages.img");
    }
  }

  @Test
  void aFrameThatIsValidButOfOtherPagesIsFound() throws Exception {
    // As if the compressed bytes were right and the decompressor wrong: only the last checksum sees
    // it.
    byte[] content = CheckpointDir.open(directory).read("pages.idx");
    content[32 + 3 * 24 + 20] ^= 1; // the last word of the fourth entry
    FrameIndex other = FrameIndex.decode("pages.idx", content);
    try (PageStore store = PageStore.open(directory.resolve("pages.img"), other)) {
      ByteBuffer frame = ByteBuffer.allocateDirect(store.framePages() * Pages.PAGE);
      CorruptFrameException found =
          assertThrows(CorruptFrameException.class, () -> store.readFrame(3, frame));
      assertTrue(found.getMessage().contains("decompressed pages"), found.getMessage());
    }
  }

  @Test
  void verifyNamesEveryBadFrameAndFileAndGoesOn() throws Exception {
    assertEquals(List.of(), problems(directory));
    Path file = directory.resolve("pages.img");
    byte[] content = Files.readAllBytes(file);
    content[20] ^= 1;
    content[content.length - 2] ^= 1;
    Files.write(file, content);
    Files.write(directory.resolve("manifest.json"), new byte[3]);
    Files.write(directory.resolve("stray.json"), new byte[3]);
    List<String> problems = problems(directory);
    assertEquals(4, problems.size(), problems.toString());
    assertTrue(problems.stream().anyMatch(p -> p.contains("at offset 16,")), problems.toString());
    assertTrue(problems.stream().anyMatch(p -> p.contains("manifest.json: 3 bytes")));
    assertTrue(problems.stream().anyMatch(p -> p.contains("stray.json: is not listed")));
  }

  @Test
  void verifyOfACutOffPageFileNamesTheFramesThatAreGone() throws Exception {
    Path file = directory.resolve("pages.img");
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 3000));
    List<String> problems = problems(directory);
    long frames = Verifier.verify(directory, 2, (done, total) -> {}).framesRead();
    assertEquals(frames + 1, problems.size());
    assertTrue(problems.get(0).contains("pages.img: 3000 bytes"), problems.get(0));
    assertTrue(problems.get(1).contains("the file ends within it"), problems.get(1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"../manifest.json", "/etc/passwd", "a/../../b", "..", ".hidden", "checksums"})
  void aListThatNamesFilesElsewhereIsRefused(String name) throws Exception {
    TreeMap<String, Checksums.Entry> files = new TreeMap<>();
    files.put(name, new Checksums.Entry(3, 0, false));
    Files.write(directory.resolve("checksums"), new Checksums(files).encode());
    refused("checksums");
  }

  @Test
  void aFileOfAnotherCheckpointIsRefusedAndOtherFilesAreLeftAlone() throws Exception {
    Files.writeString(directory.resolve("restore.log"), "mine");
    CheckpointDir.open(directory);
    Files.write(directory.resolve("pagemap-2.img"), new byte[3]);
    refused("pagemap-2.img");
  }

  @Test
  void aListOfAnotherVersionIsRefused() throws Exception {
    String text = "thaw-checksums 2\n";
    int checksum = Checksums.of(text.getBytes(StandardCharsets.US_ASCII));
    Files.writeString(directory.resolve("checksums"), text + String.format("%08x end\n", checksum));
    refused("thaw-checksums 1");
  }
}
