package dev.thaw.image.file;

import dev.thaw.image.OpenFile;

/**
 * A character device without state: null, zero, full, random, urandom.
 *
 * @param path absolute
 */
public record CharDevice(int id, int flags, String path, int major, int minor) implements OpenFile {
  /** Validates. */
  public CharDevice {
    if (!path.startsWith("/") || path.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("device " + path);
    }
  }

  @Override
  public String describe() {
    return "device " + path;
  }
}
