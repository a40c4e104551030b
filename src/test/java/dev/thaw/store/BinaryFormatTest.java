package dev.thaw.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.ImageFormatException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What an index or a pagemap says is believed only where it makes sense, checksum or not. */
class BinaryFormatTest {
  private static final FrameIndex.Encoding RAW = FrameIndex.Encoding.RAW;
  private static final FrameIndex.Encoding ZSTD = FrameIndex.Encoding.ZSTD;
  private static final PageStatistics STATISTICS = new PageStatistics(30, 10, 5, 15);

  private static FrameIndex.Entry entry(long offset, int bytes, FrameIndex.Encoding encoding) {
    return new FrameIndex.Entry(offset, bytes, encoding, 1, 2);
  }

  private static void refused(FrameIndex index, String why) {
    ImageFormatException e =
        assertThrows(ImageFormatException.class, () -> FrameIndex.decode("i", index.encode()));
    assertTrue(e.getMessage().startsWith("i: ") && e.getMessage().contains(why), e.getMessage());
  }

  @Test
  void anIndexIsReadAsItWasWritten() throws Exception {
    FrameIndex index =
        new FrameIndex(
            2, 3, 16 + 100 + 4096, List.of(entry(4112, 100, ZSTD), entry(16, 4096, RAW)));
    assertEquals(index, FrameIndex.decode("i", index.encode()));
  }

  @Test
  void framesThatOverlapLeaveGapsOrLieOutsideAreRefused() {
    refused(new FrameIndex(1, 2, 216, List.of(entry(16, 100, ZSTD), entry(66, 100, ZSTD))), "due");
    refused(new FrameIndex(1, 2, 217, List.of(entry(16, 100, ZSTD), entry(117, 100, ZSTD))), "due");
    refused(new FrameIndex(1, 1, 100, List.of(entry(0, 100, ZSTD))), "due");
    refused(new FrameIndex(1, 1, 100, List.of(entry(-5, 100, ZSTD))), "due");
    refused(new FrameIndex(1, 1, 100, List.of(entry(16, 100, ZSTD))), "frames end at");
  }

  @Test
  void framesOfImpossibleLengthsAreRefused() {
    refused(new FrameIndex(1, 1, 4116, List.of(entry(16, 4100, RAW))), "4100 bytes");
    refused(new FrameIndex(1, 1, 116, List.of(entry(16, 100, RAW))), "100 bytes");
    refused(new FrameIndex(1, 1, 4112, List.of(entry(16, 4096, ZSTD))), "4096 bytes");
    refused(new FrameIndex(1, 1, 16, List.of(entry(16, 0, ZSTD))), "0 bytes");
    refused(new FrameIndex(1, 1, 16, List.of(entry(16, -1, ZSTD))), "-1 bytes");
    refused(new FrameIndex(0, 0, 16, List.of()), "frames of 0 pages");
    refused(new FrameIndex(1 << 20, 0, 16, List.of()), "frames of 1048576 pages");
    refused(new FrameIndex(2, 5, 116, List.of(entry(16, 100, ZSTD))), "do not index 5 pages");
    refused(new FrameIndex(2, 0, 116, List.of(entry(16, 100, ZSTD))), "do not index 0 pages");
    refused(new FrameIndex(2, -1, 116, List.of(entry(16, 100, ZSTD))), "do not index -1 pages");
  }

  @Test
  void damagedIndexesAreRefusedOrConsistent() {
    FrameIndex index =
        new FrameIndex(
            2, 3, 16 + 100 + 4096, List.of(entry(4112, 100, ZSTD), entry(16, 4096, RAW)));
    for (byte[] bad : damaged(index.encode())) {
      try {
        FrameIndex read = FrameIndex.decode("i", bad);
        assertEquals(2, read.frames().size()); // only checksums are left to differ
        assertEquals(index.fileBytes(), read.fileBytes());
      } catch (ImageFormatException e) {
        assertTrue(e.getMessage().startsWith("i: "), e.getMessage());
      }
    }
  }

  @Test
  void aPagemapIsReadAsItWasWritten() throws Exception {
    Pagemap pagemap =
        new Pagemap(
            STATISTICS,
            List.of(
                new PagemapRun(5, 3, 0),
                new PagemapRun(8, 2, PagemapRun.ZERO),
                new PagemapRun(1L << 40, 12, 3)));
    assertEquals(pagemap, Pagemap.decode("p", pagemap.encode(), 15));
  }

  @Test
  void runsThatPointBehindTheStoreAreRefused() {
    byte[] content = new Pagemap(STATISTICS, List.of(new PagemapRun(5, 3, 13))).encode();
    ImageFormatException e =
        assertThrows(ImageFormatException.class, () -> Pagemap.decode("p", content, 15));
    assertEquals("p: run 0 points behind the 15 pages of the store", e.getMessage());
  }

  @Test
  void runsThatOverlapAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new Pagemap(STATISTICS, List.of(new PagemapRun(5, 3, 0), new PagemapRun(7, 1, 3))));
  }

  @Test
  void damagedPagemapsAreRefusedOrConsistent() {
    Pagemap pagemap =
        new Pagemap(STATISTICS, List.of(new PagemapRun(5, 3, 0), new PagemapRun(9, 12, 3)));
    for (byte[] bad : damaged(pagemap.encode())) {
      try {
        for (PagemapRun run : Pagemap.decode("p", bad, 15).runs()) {
          assertTrue(run.zero() || run.firstStorePage() + run.pageCount() <= 15);
        }
      } catch (ImageFormatException e) {
        assertTrue(e.getMessage().startsWith("p: "), e.getMessage());
      }
    }
  }

  private static List<byte[]> damaged(byte[] content) {
    List<byte[]> all = new ArrayList<>();
    for (int bit = 0; bit < content.length * 8; bit++) {
      byte[] bad = content.clone();
      bad[bit / 8] ^= (byte) (1 << bit % 8);
      all.add(bad);
    }
    Random random = new Random(3);
    for (int i = 0; i < 2000; i++) {
      byte[] bad = Arrays.copyOf(content, random.nextInt(content.length + 30));
      for (int n = random.nextInt(4); n > 0 && bad.length > 0; n--) {
        bad[random.nextInt(bad.length)] = (byte) random.nextInt();
      }
      all.add(bad);
    }
    return all;
  }
}
