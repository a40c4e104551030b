package dev.thaw.store;

import dev.thaw.image.ImageFormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Where each frame is in the page file, and its checksums: the content of {@code pages.idx}.
 *
 * @param framePages pages in every frame but the last
 * @param pageCount pages of the store
 * @param fileBytes length of the page file
 * @param frames in the order of their pages; where they are in the file is in another order
 */
record FrameIndex(int framePages, long pageCount, long fileBytes, List<Entry> frames) {
  static final String FILE = "pages.idx";
  static final byte[] MAGIC = "THAWPIDX".getBytes(StandardCharsets.US_ASCII);
  static final int VERSION = 1;

  /** More would let a bad image ask for much memory. */
  static final int MAX_FRAME_PAGES = 1024;

  private static final int HEADER_BYTES = 32;
  private static final int ENTRY_BYTES = 24;

  /** How the bytes of a frame are kept; the ordinal is in the file. */
  enum Encoding {
    RAW,
    ZSTD
  }

  /**
   * One frame.
   *
   * @param offset in the page file
   * @param storedBytes length there
   * @param storedChecksum CRC-32C of the bytes there
   * @param contentChecksum CRC-32C of the pages
   */
  record Entry(
      long offset, int storedBytes, Encoding encoding, int storedChecksum, int contentChecksum) {}

  /** Pages in {@code frame}. */
  int pagesIn(long frame) {
    return (int) Math.min(framePages, pageCount - frame * framePages);
  }

  byte[] encode() {
    ByteBuffer out =
        ByteBuffer.allocate(
                Math.addExact(HEADER_BYTES, Math.multiplyExact(ENTRY_BYTES, frames.size())))
            .order(ByteOrder.LITTLE_ENDIAN);
    out.put(MAGIC).putInt(VERSION).putInt(framePages).putLong(pageCount).putLong(fileBytes);
    for (Entry e : frames) {
      out.putLong(e.offset).putInt(e.storedBytes).putInt(e.encoding.ordinal());
      out.putInt(e.storedChecksum).putInt(e.contentChecksum);
    }
    return out.array();
  }

  /**
   * Reads an index; what it returns is consistent: every frame lies in the file, none overlaps
   * another, and together they fill it.
   *
   * @param file name for messages
   */
  static FrameIndex decode(String file, byte[] content) throws ImageFormatException {
    ByteBuffer in = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    BinaryHeader.check(file, in, MAGIC, VERSION, HEADER_BYTES);
    int framePages = in.getInt();
    long pageCount = in.getLong();
    long fileBytes = in.getLong();
    if (framePages < 1 || framePages > MAX_FRAME_PAGES) {
      throw new ImageFormatException(file + ": frames of " + framePages + " pages");
    }
    long frameCount = in.remaining() / ENTRY_BYTES;
    if (frameCount * ENTRY_BYTES != in.remaining()
        || pageCount < 0
        || pageCount > frameCount * framePages
        || pageCount <= (frameCount - 1) * framePages) {
      throw new ImageFormatException(
          file + ": " + in.remaining() + " bytes of entries do not index " + pageCount + " pages");
    }
    List<Entry> frames = new ArrayList<>((int) frameCount);
    for (int i = 0; i < frameCount; i++) {
      int pages = (int) Math.min(framePages, pageCount - (long) i * framePages);
      frames.add(entry(file, i, in, pages * PageSource.PAGE_BYTES));
    }
    checkTiling(file, frames, fileBytes);
    return new FrameIndex(framePages, pageCount, fileBytes, List.copyOf(frames));
  }

  private static Entry entry(String file, int frame, ByteBuffer in, int contentBytes)
      throws ImageFormatException {
    long offset = in.getLong();
    int storedBytes = in.getInt();
    int encoding = in.getInt();
    boolean known = encoding >= 0 && encoding < Encoding.values().length;
    boolean right =
        known
            && (Encoding.values()[encoding] == Encoding.RAW
                ? storedBytes == contentBytes
                : storedBytes > 0 && storedBytes < contentBytes);
    if (!right) {
      throw new ImageFormatException(
          file + ": frame " + frame + ": " + storedBytes + " bytes in encoding " + encoding);
    }
    return new Entry(offset, storedBytes, Encoding.values()[encoding], in.getInt(), in.getInt());
  }

  private static void checkTiling(String file, List<Entry> frames, long fileBytes)
      throws ImageFormatException {
    List<Entry> byOffset = new ArrayList<>(frames);
    byOffset.sort(Comparator.comparingLong(Entry::offset));
    long end = PageFile.HEADER_BYTES;
    for (Entry e : byOffset) {
      if (e.offset != end) {
        throw new ImageFormatException(
            file + ": a frame at offset " + e.offset + ", where " + end + " was due");
      }
      end += e.storedBytes;
    }
    if (end != fileBytes) {
      throw new ImageFormatException(
          file + ": frames end at offset " + end + " of " + fileBytes + " bytes");
    }
  }
}
