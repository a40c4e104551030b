package dev.thaw.linux;

import com.sun.jna.NativeLibrary;
import java.nio.file.Path;

/** Finds {@code libthaw.so}, the C functions that this program brings along. */
final class ThawLibrary {
  private ThawLibrary() {}

  /** The library in the directory of the system property {@code thaw.native}. */
  static NativeLibrary load() {
    String directory = System.getProperty("thaw.native");
    if (directory == null) {
      throw new IllegalStateException(
          "system property thaw.native does not say where libthaw.so is");
    }
    return NativeLibrary.getInstance(Path.of(directory, "libthaw.so").toAbsolutePath().toString());
  }
}
