package dev.thaw.linux;

import com.sun.jna.NativeLibrary;

/** Finds {@code libthaw.so}, the C functions that this program brings along. */
final class ThawLibrary {
  private ThawLibrary() {}

  static NativeLibrary load() {
    return NativeLibrary.getInstance(NativeFiles.find("libthaw.so").toString());
  }
}
