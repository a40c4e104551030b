package dev.thaw.store;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import dev.thaw.image.ImageFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Reads the frames of a page file. Each is checked twice, its bytes before they are decompressed
 * and its pages after, so that neither a damaged file nor a faulty decompressor hands out wrong
 * pages.
 *
 * <p>Thread safe, except that nothing may run beside {@link #close}. Reads by position, not through
 * a mapping: a file that is truncated then gives an error and not a SIGBUS. A thread that is
 * interrupted while it reads closes the file for all ({@link
 * java.nio.channels.InterruptibleChannel}): do not.
 */
public final class PageStore implements PageSource, AutoCloseable {
  private final Path path;
  private final FileChannel file;
  private final FrameIndex index;
  private final ConcurrentLinkedQueue<FrameReader> idle = new ConcurrentLinkedQueue<>();

  private PageStore(Path path, FileChannel file, FrameIndex index) {
    this.path = path;
    this.file = file;
    this.index = index;
  }

  static PageStore open(Path path, FrameIndex index) throws IOException {
    PageStore store = openWhateverItsLength(path, index);
    long found = store.file.size();
    if (found != index.fileBytes()) {
      store.close();
      throw new ImageFormatException(
          path + ": " + found + " bytes where " + index.fileBytes() + " are due");
    }
    return store;
  }

  /** Opens a file that may be too short; its frames then say so one by one. */
  static PageStore openWhateverItsLength(Path path, FrameIndex index) throws IOException {
    FileChannel file = CheckpointDir.openForReading(path);
    try {
      ByteBuffer header = ByteBuffer.allocate(PageFile.HEADER_BYTES);
      file.read(header, 0);
      if (!header.flip().equals(PageFile.header(index.framePages()))) {
        throw new ImageFormatException(path + ": has another header than its index wants");
      }
      return new PageStore(path, file, index);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  @Override
  public long pageCount() {
    return index.pageCount();
  }

  @Override
  public int framePages() {
    return index.framePages();
  }

  /** Bytes that {@code frame} takes in the file. */
  public int storedBytes(long frame) {
    return index.storedBytes(frame);
  }

  /** Offset of {@code frame} in the file. */
  public long offset(long frame) {
    return index.offset(frame);
  }

  /** Length of the file. */
  public long fileBytes() {
    return index.fileBytes();
  }

  /**
   * What the pages of {@code pagemap} take in the file. A page's part of its frame counts as the
   * frame divided by its pages; a page that several runs share counts for each.
   */
  public long storedBytes(Pagemap pagemap) {
    double bytes = 0;
    for (PagemapRun run : pagemap.runs()) {
      long page = run.firstStorePage();
      long left = run.zero() ? 0 : run.pageCount();
      while (left > 0) {
        long frame = frameOf(page);
        long here = Math.min(left, (frame + 1) * framePages() - page);
        bytes += (double) storedBytes(frame) * here / pagesIn(frame);
        page += here;
        left -= here;
      }
    }
    return Math.round(bytes);
  }

  @Override
  public void readFrame(long frame, ByteBuffer out) throws CorruptFrameException {
    if (frame < 0 || frame >= frameCount()) {
      throw new IndexOutOfBoundsException("frame " + frame + " of " + frameCount());
    }
    int contentBytes = pagesIn(frame) * PAGE_BYTES;
    if (!out.isDirect() || out.remaining() < contentBytes) {
      throw new IllegalArgumentException("frame of " + contentBytes + " bytes into " + out);
    }
    FrameReader reader = idle.poll();
    if (reader == null) {
      reader = new FrameReader(framePages() * PAGE_BYTES);
    }
    try {
      String fault = reader.read(frame, out, contentBytes);
      if (fault != null) {
        throw corrupt(frame, fault, null);
      }
      out.position(out.position() + contentBytes);
    } catch (IOException e) {
      throw e instanceof CorruptFrameException c ? c : corrupt(frame, e.toString(), e);
    } finally {
      idle.add(reader);
    }
  }

  private CorruptFrameException corrupt(long frame, String reason, Throwable cause) {
    return new CorruptFrameException(
        path.toString(),
        frame,
        frame * framePages(),
        pagesIn(frame),
        "at offset " + offset(frame) + ", " + storedBytes(frame) + " bytes: " + reason,
        cause);
  }

  @Override
  public void close() throws IOException {
    for (FrameReader reader = idle.poll(); reader != null; reader = idle.poll()) {
      reader.close();
    }
    file.close();
  }

  /** What one thread needs to read a frame. */
  private final class FrameReader implements AutoCloseable {
    private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();
    private final ByteBuffer stored;

    FrameReader(int frameBytes) {
      stored = ByteBuffer.allocateDirect(frameBytes);
    }

    /** Returns what is wrong, or null. */
    String read(long frame, ByteBuffer out, int contentBytes) throws IOException {
      long offset = index.offset(frame);
      int storedBytes = index.storedBytes(frame);
      stored.clear().limit(storedBytes);
      while (stored.hasRemaining()) {
        if (file.read(stored, offset + stored.position()) < 0) {
          return "the file ends within it";
        }
      }
      if (PageFile.checksum(stored, 0, storedBytes) != index.storedChecksum(frame)) {
        return "checksum differs";
      }
      if (index.encoding(frame) == FrameIndex.RAW) {
        out.put(out.position(), stored, 0, contentBytes);
      } else {
        String fault = decompress(storedBytes, out, contentBytes);
        if (fault != null) {
          return fault;
        }
      }
      int found = PageFile.checksum(out, out.position(), contentBytes);
      return found == index.contentChecksum(frame)
          ? null
          : "checksum of the decompressed pages differs";
    }

    private String decompress(int storedBytes, ByteBuffer out, int contentBytes) {
      try {
        int bytes =
            zstd.decompressDirectByteBuffer(
                out, out.position(), contentBytes, stored, 0, storedBytes);
        return bytes == contentBytes ? null : "holds " + bytes + " bytes of " + contentBytes;
      } catch (ZstdException e) {
        return "zstd: " + e.getMessage();
      }
    }

    @Override
    public void close() {
      zstd.close();
    }
  }
}
