package dev.thaw.remote;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * The memory that the blob occupies in a target (native/blob/layout.h has the picture): code, the
 * block of the first thread, and blocks of further threads carved from its end.
 */
final class Area {
  static final int PAGE = 4096;

  /** The least that leaves room for a program. */
  static final long SMALLEST_BYTES = BlobLayout.CODE_BYTES + BlobLayout.PROGRAM + 4L * PAGE;

  /** One thread's header, stack and program space. */
  record Block(long address, long bytes) {
    long programAddress() {
      return address + BlobLayout.PROGRAM;
    }

    long programBytes() {
      return bytes - BlobLayout.PROGRAM;
    }
  }

  private final long address;
  private final long bytes;
  private final Map<Long, ArrayDeque<Block>> free = new HashMap<>();
  private long firstBlockBytes;

  Area(long address, long bytes) {
    if (bytes < SMALLEST_BYTES || bytes % PAGE != 0) {
      throw new IllegalArgumentException(bytes + " bytes for the blob's area");
    }
    this.address = address;
    this.bytes = bytes;
    this.firstBlockBytes = bytes - BlobLayout.CODE_BYTES;
  }

  long address() {
    return address;
  }

  long bytes() {
    return bytes;
  }

  /** The first thread's block; it shrinks with every {@link #carve}. */
  Block first() {
    return new Block(address + BlobLayout.CODE_BYTES, firstBlockBytes);
  }

  /** A block for one more thread. */
  Block carve(long programBytes) {
    long size = BlobLayout.PROGRAM + (programBytes + PAGE - 1) / PAGE * PAGE;
    Block reused = free.computeIfAbsent(size, s -> new ArrayDeque<>()).poll();
    if (reused != null) {
      return reused;
    }
    if (firstBlockBytes - size < SMALLEST_BYTES) {
      throw new IllegalArgumentException(
          "the blob's area of " + bytes + " bytes has no room for a thread's " + size);
    }
    firstBlockBytes -= size;
    return new Block(first().address() + firstBlockBytes, size);
  }

  void giveBack(Block block) {
    free.computeIfAbsent(block.bytes(), s -> new ArrayDeque<>()).push(block);
  }

  /** A copy for a forked child: the same numbers in another address space. */
  Area copy() {
    Area copy = new Area(address, bytes);
    copy.firstBlockBytes = firstBlockBytes;
    return copy;
  }
}
