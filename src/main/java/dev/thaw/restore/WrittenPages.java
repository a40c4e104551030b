package dev.thaw.restore;

import dev.thaw.linux.ProcessVm;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The pages of one process that are written before it runs, as a loaded checkpoint keeps them: they
 * are few, and lie in frames of which the most is needed for nothing else. Thread safe.
 */
final class WrittenPages {
  /** What is kept of a process; one with more of them reads them anew each time. */
  private static final long MAX_BYTES = 4 << 20;

  private final List<Piece> pieces;

  private record Piece(long address, ByteBuffer bytes) {}

  private WrittenPages(List<Piece> pieces) {
    this.pieces = pieces;
  }

  /** Whether those of {@code layout} are few enough. */
  static boolean fit(MemoryLayout layout) {
    long pages = layout.writtenRuns().stream().mapToLong(PagemapRun::pageCount).sum();
    return pages * 4096 <= MAX_BYTES;
  }

  /** Reads them. */
  static WrittenPages of(MemoryLayout layout, PageWriter reader) throws IOException {
    List<Piece> pieces = new ArrayList<>();
    for (PagemapRun run : layout.writtenRuns()) {
      reader.read(
          run,
          (address, bytes) -> {
            ByteBuffer copy = ByteBuffer.allocateDirect(bytes.remaining()).put(bytes).flip();
            pieces.add(new Piece(address, copy));
          });
    }
    return new WrittenPages(pieces);
  }

  /** Writes them to {@code pid}. */
  void write(int pid) throws IOException {
    for (Piece piece : pieces) {
      ProcessVm.write(pid, piece.address(), piece.bytes().duplicate());
    }
  }
}
