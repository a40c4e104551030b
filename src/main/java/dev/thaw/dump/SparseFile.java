package dev.thaw.dump;

import dev.thaw.linux.Fd;
import dev.thaw.linux.FileHoles;
import dev.thaw.linux.Open;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** A shmem file, read where it holds data (SEEK_DATA, lseek(2)): a hole costs nothing. */
final class SparseFile implements Closeable {
  private static final long PAGE = 4096;

  private final Fd fd;
  private final FileChannel channel;

  /** Page-aligned range, {@code [start, end)} in bytes; the last may pass the end of the file. */
  record Extent(long start, long end) {}

  SparseFile(Path magicLink) throws IOException {
    fd = Open.open(magicLink.toString(), Open.O_RDONLY);
    try {
      channel = FileChannel.open(Path.of("/proc/self/fd/" + fd.number()), StandardOpenOption.READ);
    } catch (IOException e) {
      fd.close();
      throw e;
    }
  }

  /** Where the file holds data. */
  List<Extent> extents(long sizeBytes) throws IOException {
    List<Extent> found = new ArrayList<>();
    long at = 0;
    while (at < sizeBytes) {
      long data = FileHoles.nextData(fd, at);
      if (data < 0) {
        break;
      }
      long hole = FileHoles.nextHole(fd, data);
      found.add(new Extent(data & -PAGE, (hole + PAGE - 1) & -PAGE));
      at = hole;
    }
    return found;
  }

  /** Fills {@code bytes} from {@code offset} on; behind the end of the file with zeros. */
  void readZeroPadded(long offset, ByteBuffer bytes) throws IOException {
    long at = offset;
    while (bytes.hasRemaining()) {
      int done = channel.read(bytes, at);
      if (done < 0) {
        while (bytes.hasRemaining()) {
          bytes.put((byte) 0);
        }
        return;
      }
      at += done;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
    fd.close();
  }
}
