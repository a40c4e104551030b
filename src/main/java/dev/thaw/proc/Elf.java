package dev.thaw.proc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.Optional;

/** The build-id of an ELF file: its NT_GNU_BUILD_ID note (elf(5)). */
public final class Elf {
  private static final int PT_NOTE = 4;
  private static final int NT_GNU_BUILD_ID = 3;

  private Elf() {}

  /**
   * @param head the first bytes of the file; notes beyond it are not seen
   * @return lower-case hex, or empty if this is no 64-bit ELF file or has no note
   */
  public static Optional<String> buildId(byte[] head) {
    if (head.length < 64 || head[0] != 0x7f || head[1] != 'E' || head[2] != 'L' || head[4] != 2) {
      return Optional.empty();
    }
    ByteBuffer elf = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
    long table = elf.getLong(32);
    int entryBytes = elf.getShort(54) & 0xffff;
    int entries = elf.getShort(56) & 0xffff;
    for (int i = 0; i < entries; i++) {
      long at = table + (long) i * entryBytes;
      if (at < 0 || at + 56 > head.length) {
        break;
      }
      if (elf.getInt((int) at) == PT_NOTE) {
        Optional<String> id = inNotes(elf, elf.getLong((int) at + 8), elf.getLong((int) at + 32));
        if (id.isPresent()) {
          return id;
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<String> inNotes(ByteBuffer elf, long offset, long bytes) {
    long at = offset;
    long end = Math.min(offset + bytes, elf.capacity());
    while (at >= 0 && at + 12 <= end) {
      int nameBytes = elf.getInt((int) at);
      int descBytes = elf.getInt((int) at + 4);
      int type = elf.getInt((int) at + 8);
      long desc = at + 12 + ((nameBytes + 3L) & ~3L);
      if (nameBytes < 0 || descBytes < 0 || desc + descBytes > end) {
        break;
      }
      if (type == NT_GNU_BUILD_ID && nameBytes == 4) {
        byte[] id = new byte[descBytes];
        elf.get((int) desc, id);
        return Optional.of(HexFormat.of().formatHex(id));
      }
      at = desc + ((descBytes + 3L) & ~3L);
    }
    return Optional.empty();
  }
}
