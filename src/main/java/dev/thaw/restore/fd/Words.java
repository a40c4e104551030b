package dev.thaw.restore.fd;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Bytes of C structures. */
final class Words {
  private Words() {}

  /** 64-bit words. */
  static byte[] of(long... words) {
    ByteBuffer bytes =
        ByteBuffer.allocate(words.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long word : words) {
      bytes.putLong(word);
    }
    return bytes.array();
  }

  /** 32-bit words. */
  static byte[] ints(int... words) {
    ByteBuffer bytes =
        ByteBuffer.allocate(words.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int word : words) {
      bytes.putInt(word);
    }
    return bytes.array();
  }
}
