package dev.thaw.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
  private static final int RAW = FrameIndex.RAW;
  private static final int ZSTD = FrameIndex.ZSTD;
  private static final PageStatistics STATISTICS = new PageStatistics(30, 10, 5, 15);

  /** An entry: offset, length, encoding. */
  private static long[] entry(long... offsetBytesEncoding) {
    return offsetBytesEncoding;
  }

  private static FrameIndex index(
      int framePages, long pageCount, long fileBytes, long[]... entries) {
    FrameIndex index = new FrameIndex(framePages);
    for (int i = 0; i < entries.length; i++) {
      index.put(i, entries[i][0], (int) entries[i][1], (int) entries[i][2], 1, 2);
    }
    index.complete(pageCount, fileBytes);
    return index;
  }

  private static void refused(FrameIndex index, String why) {
    ImageFormatException e =
        assertThrows(ImageFormatException.class, () -> FrameIndex.decode("i", index.encode()));
    assertTrue(e.getMessage().startsWith("i: ") && e.getMessage().contains(why), e.getMessage());
  }

  @Test
  void anIndexIsReadAsItWasWritten() throws Exception {
    FrameIndex index = index(2, 3, 16 + 100 + 4096, entry(4112, 100, ZSTD), entry(16, 4096, RAW));
    FrameIndex read = FrameIndex.decode("i", index.encode());
    assertArrayEquals(index.encode(), read.encode());
    assertEquals(3, read.pageCount());
    assertEquals(2, read.framePages());
    assertEquals(4112, read.offset(0));
    assertEquals(100, read.storedBytes(0));
    assertEquals(ZSTD, read.encoding(0));
    assertEquals(1, read.storedChecksum(1));
    assertEquals(2, read.contentChecksum(1));
    read.checkTiling("i");
  }

  @Test
  void framesThatLieOutsideOrDoNotFillTheFileAreRefused() {
    refused(index(1, 2, 217, entry(16, 100, ZSTD), entry(117, 100, ZSTD)), "come to 216 bytes");
    refused(index(1, 1, 100, entry(0, 84, ZSTD)), "offset 0 of 100");
    refused(index(1, 1, 100, entry(-5, 84, ZSTD)), "offset -5 of 100");
    refused(index(1, 1, 100, entry(16, 100, ZSTD)), "offset 16 of 100");
    refused(index(1, 1, 1L << 40, entry(Long.MAX_VALUE, 100, ZSTD)), "offset 9223");
  }

  @Test
  void framesThatOverlapAreFoundByVerify() throws Exception {
    for (long offset : new long[] {16, 66}) {
      FrameIndex index =
          FrameIndex.decode(
              "i", index(1, 2, 216, entry(16, 100, ZSTD), entry(offset, 100, ZSTD)).encode());
      ImageFormatException e =
          assertThrows(ImageFormatException.class, () -> index.checkTiling("i"));
      assertTrue(e.getMessage().startsWith("i: frames overlap"), e.getMessage());
    }
  }

  @Test
  void framesOfImpossibleLengthsAreRefused() {
    refused(index(1, 1, 4116, entry(16, 4100, RAW)), "4100 bytes");
    refused(index(1, 1, 116, entry(16, 100, RAW)), "100 bytes");
    refused(index(1, 1, 4112, entry(16, 4096, ZSTD)), "4096 bytes");
    refused(index(1, 1, 16, entry(16, 0, ZSTD)), "0 bytes");
    refused(index(1, 1, 16, entry(16, -1, ZSTD)), "-1 bytes");
    refused(index(0, 0, 16), "frames of 0 pages");
    refused(index(1 << 20, 0, 16), "frames of 1048576 pages");
    refused(index(2, 5, 116, entry(16, 100, ZSTD)), "do not index 5 pages");
    refused(index(2, 0, 116, entry(16, 100, ZSTD)), "do not index 0 pages");
    refused(index(2, -1, 116, entry(16, 100, ZSTD)), "do not index -1 pages");
  }

  @Test
  void damagedIndexesAreRefusedOrConsistent() {
    FrameIndex index = index(2, 3, 16 + 100 + 4096, entry(4112, 100, ZSTD), entry(16, 4096, RAW));
    for (byte[] bad : damaged(index.encode())) {
      try {
        FrameIndex read = FrameIndex.decode("i", bad);
        assertEquals(2, read.frameCount()); // only checksums are left to differ
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
