package dev.thaw.store;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Compresses frames and appends them to the page file, many frames in one write. Each thread has
 * its own; what they share is {@link Shared}.
 */
final class FrameOutput implements AutoCloseable {
  private static final int BATCH_BYTES = 1 << 20;

  /** The page file, its end, and the entries of its index. Thread safe. */
  static final class Shared {
    private final FileChannel file;
    private final WriteBehind writeBehind;
    private final AtomicLong end = new AtomicLong(PageFile.HEADER_BYTES);
    private final FrameIndex index;

    Shared(FileChannel file, WriteBehind writeBehind, int framePages) {
      this.file = file;
      this.writeBehind = writeBehind;
      this.index = new FrameIndex(framePages);
    }

    private synchronized void put(Pending p, long batchOffset) {
      index.put(
          p.frame,
          batchOffset + p.start,
          p.storedBytes,
          p.encoding,
          p.storedChecksum,
          p.contentChecksum);
    }

    /** The index, once every frame is written. */
    synchronized FrameIndex index(long pageCount) {
      index.complete(pageCount, end.get());
      return index;
    }
  }

  private record Pending(
      long frame,
      int start,
      int storedBytes,
      int encoding,
      int storedChecksum,
      int contentChecksum) {}

  private final Shared shared;
  private final ZstdCompressCtx zstd = new ZstdCompressCtx();
  private final ByteBuffer batch;
  private final int boundBytes;
  private final List<Pending> pending = new ArrayList<>();

  FrameOutput(Shared shared, PageStoreOptions options) {
    this.shared = shared;
    zstd.setLevel(options.level());
    boundBytes = (int) Zstd.compressBound((long) options.framePages() * PageSource.PAGE_BYTES);
    batch = ByteBuffer.allocateDirect(BATCH_BYTES + boundBytes);
  }

  /**
   * Compresses {@code pageCount} pages at {@code offset} of {@code pages} as frame {@code frame}.
   */
  void write(long frame, ByteBuffer pages, int offset, int pageCount) throws IOException {
    int contentBytes = pageCount * PageSource.PAGE_BYTES;
    int start = batch.position();
    int contentChecksum = PageFile.checksum(pages, offset, contentBytes);
    int bytes =
        zstd.compressDirectByteBuffer(batch, start, boundBytes, pages, offset, contentBytes);
    int encoding = FrameIndex.ZSTD;
    if (bytes > contentBytes - contentBytes / 16) { // not worth the time of a fault
      encoding = FrameIndex.RAW;
      bytes = contentBytes;
      batch.put(start, pages, offset, bytes);
    }
    int storedChecksum =
        encoding == FrameIndex.RAW ? contentChecksum : PageFile.checksum(batch, start, bytes);
    pending.add(new Pending(frame, start, bytes, encoding, storedChecksum, contentChecksum));
    batch.position(start + bytes);
    if (batch.position() >= BATCH_BYTES) {
      flush();
    }
  }

  /** Writes what was gathered. */
  void flush() throws IOException {
    batch.flip();
    long offset = shared.end.getAndAdd(batch.limit());
    while (batch.hasRemaining()) {
      shared.file.write(batch, offset + batch.position());
    }
    shared.writeBehind.written(batch.limit());
    for (Pending p : pending) {
      shared.put(p, offset);
    }
    pending.clear();
    batch.clear();
  }

  @Override
  public void close() {
    zstd.close();
  }
}
