package dev.thaw.store;

import dev.thaw.image.ImageFormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * Which pages of a checkpoint one restored tree touched, in order: the content of a {@code
 * working-set-N.ws} file, described in {@code images/FORMAT.md}. Pages are named by their pagemap
 * and their number there, which hold wherever the pages lie in the page file.
 *
 * <p>Immutable.
 */
public final class Recording {
  static final byte[] MAGIC = "THAWWSET".getBytes(StandardCharsets.US_ASCII);
  static final int VERSION = 1;
  private static final int HEADER_BYTES = 48;
  private static final int CHECKED_FROM = 16;
  private static final int TOUCH_BYTES = 24;
  private static final int MAX_PAGEMAPS = 1 << 16;
  private static final int WRITE = 1;
  private static final int ZERO = 2;

  private final long checkpoint;
  private final long durationNanos;
  private final End end;
  private final List<String> pagemaps;
  private final List<Touch> touches;

  /** Why a recording ended; the number is in the file. */
  public enum End {
    /** Its time was over. */
    TIME(2),
    /** {@code thaw mark}. */
    MARK(3),
    /** The signal that it was to end at. */
    SIGNAL(4),
    /** There was no room for more. */
    FULL(5),
    /** The tree has ended. */
    GONE(6);

    private final int code;

    End(int code) {
      this.code = code;
    }

    /** The number in the file and in {@code thaw_touches.h}. */
    public int code() {
      return code;
    }

    /** The inverse of {@link #code}; null for any other number. */
    public static End of(int code) {
      return Arrays.stream(values()).filter(e -> e.code == code).findFirst().orElse(null);
    }
  }

  /**
   * The first touch of a page.
   *
   * @param pagemap its place in {@link #pagemaps}
   * @param page number in the pagemap
   * @param nanos since the beginning of the recording
   * @param write whether it was written to
   * @param zero whether it held nothing of the checkpoint: never had, or not any more
   */
  public record Touch(int pagemap, long page, long nanos, boolean write, boolean zero) {}

  /**
   * A recording.
   *
   * @param checkpoint {@link CheckpointDir#identity}
   * @param durationNanos from its beginning to its end
   * @param pagemaps names, ascending
   * @param touches in the order of their times, one for each page
   * @throws IllegalArgumentException if any of that is not so
   */
  public Recording(
      long checkpoint, long durationNanos, End end, List<String> pagemaps, List<Touch> touches) {
    this.checkpoint = checkpoint;
    this.durationNanos = durationNanos;
    this.end = end;
    this.pagemaps = List.copyOf(pagemaps);
    this.touches = List.copyOf(touches);
    checkNames();
    checkTouches();
  }

  private void checkNames() {
    for (int i = 0; i < pagemaps.size(); i++) {
      String name = pagemaps.get(i);
      if (!Checksums.isFileName(Pagemap.fileName(name))) {
        throw new IllegalArgumentException("pagemap " + i + " has no possible name");
      }
      if (i > 0 && pagemaps.get(i - 1).compareTo(name) >= 0) {
        throw new IllegalArgumentException("pagemap " + name + " is out of order");
      }
    }
    if (pagemaps.size() > MAX_PAGEMAPS) {
      throw new IllegalArgumentException(pagemaps.size() + " pagemaps");
    }
  }

  private void checkTouches() {
    List<Set<Long>> seen = new ArrayList<>();
    pagemaps.forEach(p -> seen.add(new HashSet<>()));
    long before = 0;
    for (int i = 0; i < touches.size(); i++) {
      Touch t = touches.get(i);
      if (t.pagemap() < 0 || t.pagemap() >= pagemaps.size()) {
        throw new IllegalArgumentException("touch " + i + ": pagemap " + t.pagemap());
      }
      if (t.page() < 0 || t.page() >= PagemapRun.LIMIT) {
        throw new IllegalArgumentException("touch " + i + ": page " + t.page());
      }
      if (t.nanos() < before || t.nanos() > durationNanos) {
        throw new IllegalArgumentException(
            "touch " + i + ": at " + t.nanos() + " ns, after " + before + " ns");
      }
      if (!seen.get(t.pagemap()).add(t.page())) {
        throw new IllegalArgumentException("touch " + i + ": a page that was touched before");
      }
      before = t.nanos();
    }
  }

  /** {@link CheckpointDir#identity} of its checkpoint. */
  public long checkpoint() {
    return checkpoint;
  }

  /** From its beginning to its end. */
  public long durationNanos() {
    return durationNanos;
  }

  /** Why it ended. */
  public End end() {
    return end;
  }

  /** The pagemaps that pages were touched of. */
  public List<String> pagemaps() {
    return pagemaps;
  }

  /** The touches, in order. */
  public List<Touch> touches() {
    return touches;
  }

  byte[] encode() {
    List<byte[]> names = new ArrayList<>();
    int bytes = HEADER_BYTES;
    for (String name : pagemaps) {
      names.add(name.getBytes(StandardCharsets.US_ASCII));
      bytes += 2 + name.length();
    }
    bytes = Math.addExact(bytes, Math.multiplyExact(TOUCH_BYTES, touches.size()));
    ByteBuffer out = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    out.put(MAGIC).putInt(VERSION).putInt(0);
    out.putLong(checkpoint).putLong(durationNanos).putInt(end.code());
    out.putInt(names.size()).putLong(touches.size());
    for (byte[] name : names) {
      out.putShort((short) name.length).put(name);
    }
    for (Touch t : touches) {
      int flags = (t.write() ? WRITE : 0) | (t.zero() ? ZERO : 0);
      out.putLong(t.nanos()).putLong(t.page()).putInt(t.pagemap()).putInt(flags);
    }
    return out.putInt(CHECKED_FROM - 4, checksum(out.array())).array();
  }

  private static int checksum(byte[] content) {
    CRC32C crc = new CRC32C();
    crc.update(content, CHECKED_FROM, content.length - CHECKED_FROM);
    return (int) crc.getValue();
  }

  /**
   * Reads a recording: exactly what {@link #encode} writes.
   *
   * @param file name for messages
   */
  static Recording decode(String file, byte[] content) throws ImageFormatException {
    ByteBuffer in = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    BinaryHeader.check(file, in, MAGIC, VERSION, HEADER_BYTES);
    if (in.getInt() != checksum(content)) {
      throw new ImageFormatException(file + ": its checksum differs: the file is damaged");
    }
    long checkpoint = in.getLong();
    long durationNanos = in.getLong();
    End end = End.of(in.getInt());
    int nameCount = in.getInt();
    long touchCount = in.getLong();
    if (end == null || nameCount < 0 || nameCount > MAX_PAGEMAPS) {
      throw new ImageFormatException(file + ": its end or its number of pagemaps is none");
    }
    List<String> names = new ArrayList<>();
    for (int i = 0; i < nameCount; i++) {
      names.add(name(file, in));
    }
    if (touchCount < 0
        || touchCount > in.remaining() / TOUCH_BYTES
        || touchCount * TOUCH_BYTES != in.remaining()) {
      throw new ImageFormatException(
          file + ": " + touchCount + " touches do not fill " + in.remaining() + " bytes");
    }
    List<Touch> touches = new ArrayList<>((int) touchCount);
    for (long i = 0; i < touchCount; i++) {
      touches.add(touch(file, in));
    }
    try {
      return new Recording(checkpoint, durationNanos, end, names, touches);
    } catch (IllegalArgumentException e) {
      throw new ImageFormatException(file + ": " + e.getMessage(), e);
    }
  }

  private static String name(String file, ByteBuffer in) throws ImageFormatException {
    int length = in.remaining() < 2 ? -1 : Short.toUnsignedInt(in.getShort());
    if (length < 0 || length > in.remaining()) {
      throw new ImageFormatException(file + ": ends within the name of a pagemap");
    }
    byte[] name = new byte[length];
    in.get(name);
    return new String(name, StandardCharsets.ISO_8859_1);
  }

  private static Touch touch(String file, ByteBuffer in) throws ImageFormatException {
    long nanos = in.getLong();
    long page = in.getLong();
    int pagemap = in.getInt();
    int flags = in.getInt();
    if ((flags & ~(WRITE | ZERO)) != 0) {
      throw new ImageFormatException(file + ": a touch has the flags " + flags);
    }
    return new Touch(pagemap, page, nanos, (flags & WRITE) != 0, (flags & ZERO) != 0);
  }
}
