package dev.thaw.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.github.luben.zstd.Zstd;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A second reader, written from images/FORMAT.md, reads what the writer writes. */
class FormatTest {
  private static final int PAGE = 4096;

  @TempDir Path parent;

  private ByteBuffer file(String name) throws Exception {
    return ByteBuffer.wrap(Files.readAllBytes(parent.resolve("c").resolve(name)))
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  private static String crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return String.format("%08x", crc.getValue());
  }

  private static String magic(ByteBuffer file) {
    byte[] magic = new byte[8];
    file.get(magic);
    return new String(magic, StandardCharsets.US_ASCII);
  }

  @Test
  void theListNamesEveryFileWithLengthAndChecksum() throws Exception {
    Pages.checkpoint(parent.resolve("c"), PageStoreOptions.DEFAULTS, Pages.mixed(100, 1));
    String expected = "thaw-checksums 1\n";
    for (String name : List.of("manifest.json", "pagemap-1.img", "pages.idx")) {
      byte[] content = file(name).array();
      expected += crc(content) + " " + content.length + " " + name + "\n";
    }
    expected += "frames   " + file("pages.img").limit() + " pages.img\n";
    expected += crc(expected.getBytes(StandardCharsets.US_ASCII)) + " end\n";
    assertEquals(expected, new String(file("checksums").array(), StandardCharsets.US_ASCII));
  }

  @Test
  void pagesAreFoundThroughPagemapAndIndex() throws Exception {
    int pageCount = 700;
    ByteBuffer pages = Pages.mixed(pageCount, 2);
    Pages.checkpoint(parent.resolve("c"), PageStoreOptions.DEFAULTS.withFramePages(7), pages);
    byte[] store = store();
    ByteBuffer map = file("pagemap-1.img");
    assertEquals("THAWPMAP", magic(map));
    assertEquals(1, map.getInt());
    assertEquals(0, map.getInt());
    assertEquals(pageCount, map.getLong());
    assertEquals(pageCount, map.getLong() + map.getLong() + map.getLong());
    long runs = map.getLong();
    assertEquals(runs * 24, map.remaining());
    byte[] memory = new byte[pageCount * PAGE];
    for (long run = 0; run < runs; run++) {
      int first = (int) map.getLong();
      int count = (int) map.getLong();
      int storePage = (int) map.getLong();
      System.arraycopy(store, storePage * PAGE, memory, first * PAGE, count * PAGE);
    }
    byte[] expected = new byte[pageCount * PAGE];
    pages.get(0, expected);
    assertArrayEquals(expected, memory);
  }

  /** Every page of the store, one after the other. */
  private byte[] store() throws Exception {
    ByteBuffer frames = file("pages.img");
    assertEquals("THAWPAGE", magic(frames));
    assertEquals(1, frames.getInt());
    assertEquals(7, frames.getInt());
    ByteBuffer index = file("pages.idx");
    assertEquals("THAWPIDX", magic(index));
    assertEquals(1, index.getInt());
    assertEquals(7, index.getInt());
    int storePages = (int) index.getLong();
    assertEquals(frames.limit(), index.getLong());
    byte[] store = new byte[storePages * PAGE];
    for (int frame = 0; index.hasRemaining(); frame++) {
      int offset = (int) index.getLong();
      byte[] stored = new byte[index.getInt()];
      frames.get(offset, stored);
      byte[] content = stored;
      int encoding = index.getInt();
      if (encoding == 1) {
        int length = Math.min(7, storePages - frame * 7) * PAGE;
        content = Zstd.decompress(stored, length);
      }
      assertEquals(crc(stored), String.format("%08x", index.getInt()));
      assertEquals(crc(content), String.format("%08x", index.getInt()));
      System.arraycopy(content, 0, store, frame * 7 * PAGE, content.length);
    }
    return store;
  }
}
