package dev.thaw.image.file;

import dev.thaw.image.OpenFile;
import java.util.List;

/**
 * One end of a pipe or FIFO.
 *
 * @param pipe tells the pipes of the checkpoint apart: its inode number
 * @param path of a FIFO; empty for a pipe without a name
 * @param capacityBytes F_GETPIPE_SZ
 * @param content what is in the pipe, in the end with the lowest id: one piece, or one per packet
 */
public record Pipe(
    int id, int flags, long pipe, String path, int capacityBytes, List<byte[]> content)
    implements OpenFile {
  private static final int MAX_CAPACITY = 1 << 30;
  private static final int O_DIRECT = 040000;

  /** Validates. */
  public Pipe {
    content = List.copyOf(content);
    if (!path.isEmpty() && (!path.startsWith("/") || path.indexOf('\0') >= 0)) {
      throw new IllegalArgumentException("FIFO with the path " + path);
    }
    if (capacityBytes <= 0 || capacityBytes > MAX_CAPACITY) {
      throw new IllegalArgumentException("pipe of " + capacityBytes + " bytes");
    }
    if (content.stream().mapToLong(piece -> piece.length).sum() > capacityBytes) {
      throw new IllegalArgumentException("pipe with more content than its capacity");
    }
  }

  /** Whether what is written here keeps its boundaries: O_DIRECT, see pipe(2). */
  public boolean packets() {
    return (flags & O_DIRECT) != 0;
  }

  @Override
  public String describe() {
    return path.isEmpty() ? "pipe " + pipe : "fifo " + path;
  }
}
