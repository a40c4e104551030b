package dev.thaw.store;

import dev.thaw.image.ImageFormatException;
import java.nio.ByteBuffer;

/** The first twelve bytes of the binary files: eight of magic, and the version. */
final class BinaryHeader {
  private BinaryHeader() {}

  /** Reads magic and version of {@code in}, which must hold at least {@code headerBytes}. */
  static void check(String file, ByteBuffer in, byte[] magic, int version, int headerBytes)
      throws ImageFormatException {
    if (in.remaining() < headerBytes) {
      throw new ImageFormatException(
          file + ": " + in.remaining() + " bytes are shorter than its header");
    }
    for (byte expected : magic) {
      if (in.get() != expected) {
        throw new ImageFormatException(file + ": is not a file of this kind (magic differs)");
      }
    }
    int found = in.getInt();
    if (found != version) {
      throw new ImageFormatException(
          file
              + ": version "
              + Integer.toUnsignedString(found)
              + ", this program reads "
              + version);
    }
  }
}
