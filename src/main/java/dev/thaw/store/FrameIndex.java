package dev.thaw.store;

import dev.thaw.image.ImageFormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Where each frame is in the page file, and its checksums: the content of {@code pages.idx}.
 *
 * <p>The entries stay in one array of words, as in the file: a restore waits for the index of all
 * of its memory, 16,384 entries for each GiB, and a JVM that has just started is slow in making
 * objects. Not thread safe while {@link #put} is called, immutable after.
 */
final class FrameIndex {
  static final String FILE = "pages.idx";
  static final byte[] MAGIC = "THAWPIDX".getBytes(StandardCharsets.US_ASCII);
  static final int VERSION = 1;

  /** More would let a bad image ask for much memory. */
  static final int MAX_FRAME_PAGES = 1024;

  /** How the bytes of a frame are kept; the number is in the file. */
  static final int RAW = 0;

  static final int ZSTD = 1;

  private static final int HEADER_BYTES = 32;
  private static final int ENTRY_WORDS = 6;
  private static final int ENTRY_BYTES = ENTRY_WORDS * Integer.BYTES;

  private final int framePages;
  private int frameCount;
  private long pageCount;
  private long fileBytes;
  private int[] words;

  /** An index to be filled. */
  FrameIndex(int framePages) {
    this.framePages = framePages;
    this.words = new int[1024 * ENTRY_WORDS];
  }

  private FrameIndex(int framePages, long pageCount, long fileBytes, int[] words) {
    this.framePages = framePages;
    this.pageCount = pageCount;
    this.fileBytes = fileBytes;
    this.words = words;
    this.frameCount = words.length / ENTRY_WORDS;
  }

  /**
   * Says where {@code frame} is.
   *
   * @param storedChecksum CRC-32C of the bytes in the file
   * @param contentChecksum CRC-32C of the pages
   */
  void put(
      long frame,
      long offset,
      int storedBytes,
      int encoding,
      int storedChecksum,
      int contentChecksum) {
    int at = Math.toIntExact(frame * ENTRY_WORDS);
    if (at >= words.length) {
      words = Arrays.copyOf(words, Math.max(at + ENTRY_WORDS, Math.multiplyExact(words.length, 2)));
    }
    words[at] = (int) offset;
    words[at + 1] = (int) (offset >>> 32);
    words[at + 2] = storedBytes;
    words[at + 3] = encoding;
    words[at + 4] = storedChecksum;
    words[at + 5] = contentChecksum;
    frameCount = Math.max(frameCount, (int) frame + 1);
  }

  /** Says how much there is, once every frame was put. */
  void complete(long newPageCount, long newFileBytes) {
    pageCount = newPageCount;
    fileBytes = newFileBytes;
    words = Arrays.copyOf(words, frameCount * ENTRY_WORDS);
  }

  /** Pages in every frame but the last. */
  int framePages() {
    return framePages;
  }

  /** Pages of the store. */
  long pageCount() {
    return pageCount;
  }

  /** Length of the page file. */
  long fileBytes() {
    return fileBytes;
  }

  int frameCount() {
    return frameCount;
  }

  /** Pages in {@code frame}. */
  int pagesIn(long frame) {
    return (int) Math.min(framePages, pageCount - frame * framePages);
  }

  /** Where {@code frame} begins in the page file. */
  long offset(long frame) {
    int at = at(frame);
    return words[at] & 0xffffffffL | (long) words[at + 1] << 32;
  }

  /** Length of {@code frame} in the page file. */
  int storedBytes(long frame) {
    return words[at(frame) + 2];
  }

  /** {@link #RAW} or {@link #ZSTD}. */
  int encoding(long frame) {
    return words[at(frame) + 3];
  }

  int storedChecksum(long frame) {
    return words[at(frame) + 4];
  }

  int contentChecksum(long frame) {
    return words[at(frame) + 5];
  }

  private static int at(long frame) {
    return (int) frame * ENTRY_WORDS;
  }

  byte[] encode() {
    ByteBuffer out =
        ByteBuffer.allocate(
                Math.addExact(HEADER_BYTES, Math.multiplyExact(ENTRY_BYTES, frameCount)))
            .order(ByteOrder.LITTLE_ENDIAN);
    out.put(MAGIC).putInt(VERSION).putInt(framePages).putLong(pageCount).putLong(fileBytes);
    out.asIntBuffer().put(words, 0, frameCount * ENTRY_WORDS);
    return out.array();
  }

  /**
   * Reads an index. In what it returns every frame has a possible length and lies in the page file,
   * and together they are as long as it.
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
    int[] words = new int[(int) frameCount * ENTRY_WORDS];
    in.asIntBuffer().get(words);
    FrameIndex index = new FrameIndex(framePages, pageCount, fileBytes, words);
    long storedBytes = PageFile.HEADER_BYTES;
    for (int frame = 0; frame < index.frameCount; frame++) {
      storedBytes += index.check(file, frame);
    }
    if (storedBytes != fileBytes) {
      throw new ImageFormatException(
          file + ": frames come to " + storedBytes + " bytes of " + fileBytes);
    }
    return index;
  }

  /** Checks one entry and returns the frame's length. */
  private int check(String file, int frame) throws ImageFormatException {
    int stored = storedBytes(frame);
    int contentBytes = pagesIn(frame) * PageSource.PAGE_BYTES;
    boolean possible =
        switch (encoding(frame)) {
          case RAW -> stored == contentBytes;
          case ZSTD -> stored > 0 && stored < contentBytes;
          default -> false;
        };
    if (!possible) {
      throw new ImageFormatException(
          file + ": frame " + frame + ": " + stored + " bytes in encoding " + encoding(frame));
    }
    long offset = offset(frame);
    if (offset < PageFile.HEADER_BYTES || offset > fileBytes - stored) {
      throw new ImageFormatException(
          file + ": frame " + frame + ": at offset " + offset + " of " + fileBytes + " bytes");
    }
    return stored;
  }

  /**
   * Checks that no frame overlaps another. Not worth a restore's time: each is checked by itself.
   *
   * @param file name for messages
   */
  void checkTiling(String file) throws ImageFormatException {
    long[] starts = new long[frameCount + 1];
    long[] ends = new long[frameCount + 1];
    for (int frame = 0; frame < frameCount; frame++) {
      starts[frame] = offset(frame);
      ends[frame] = offset(frame) + storedBytes(frame);
    }
    starts[frameCount] = fileBytes;
    ends[frameCount] = PageFile.HEADER_BYTES;
    Arrays.sort(starts);
    Arrays.sort(ends);
    int difference = Arrays.mismatch(starts, ends);
    if (difference >= 0) {
      throw new ImageFormatException(
          file + ": frames overlap or leave a gap at offset " + starts[difference]);
    }
  }
}
