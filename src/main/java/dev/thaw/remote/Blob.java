package dev.thaw.remote;

import dev.thaw.linux.NativeFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.Arrays;

/** The machine code that runs inside other processes: {@code native/blob}. */
final class Blob {
  private static final int TABLE_OFFSET = 8;
  private static volatile Blob loaded;

  private final byte[] code;

  private Blob(byte[] code) {
    this.code = code;
  }

  /** From the directory of the native files; read once. */
  static Blob load() {
    Blob blob = loaded;
    if (blob == null) {
      try {
        blob = of(Files.readAllBytes(NativeFiles.find("blob.bin")));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      loaded = blob;
    }
    return blob;
  }

  /** Checks that {@code code} was built from the layout that this class knows. */
  static Blob of(byte[] code) {
    int[] expected = BlobLayout.table();
    int[] found = new int[expected.length];
    ByteBuffer table = ByteBuffer.wrap(code).order(ByteOrder.LITTLE_ENDIAN).position(TABLE_OFFSET);
    table.slice().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(found);
    if (!Arrays.equals(expected, found)) {
      throw new IllegalStateException(
          "blob.bin was built from another layout: "
              + Arrays.toString(found)
              + " instead of "
              + Arrays.toString(expected));
    }
    return new Blob(code.clone());
  }

  byte[] code() {
    return code.clone();
  }

  /** The anchor is the last part of the blob. */
  byte[] anchorCode() {
    return Arrays.copyOfRange(code, code.length - BlobLayout.ANCHOR_BYTES, code.length);
  }
}
