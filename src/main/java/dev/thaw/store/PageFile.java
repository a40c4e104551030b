package dev.thaw.store;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/** The page file {@code pages.img}: a header, and frames without gaps in no given order. */
final class PageFile {
  static final String FILE = "pages.img";
  static final byte[] MAGIC = "THAWPAGE".getBytes(StandardCharsets.US_ASCII);
  static final int VERSION = 1;
  static final int HEADER_BYTES = 16;

  private PageFile() {}

  /** The header of a page file. */
  static ByteBuffer header(int framePages) {
    return ByteBuffer.allocate(HEADER_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(MAGIC)
        .putInt(VERSION)
        .putInt(framePages)
        .flip();
  }

  /** CRC-32C of {@code [offset, offset + bytes)} of {@code buffer}, whose position stays. */
  static int checksum(ByteBuffer buffer, int offset, int bytes) {
    CRC32C crc = new CRC32C();
    crc.update(buffer.duplicate().limit(offset + bytes).position(offset));
    return (int) crc.getValue();
  }
}
