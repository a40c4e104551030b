package dev.thaw.image.file;

import dev.thaw.image.OpenFile;

/**
 * A character device without state: null, zero, full, random, urandom.
 *
 * @param path absolute
 */
public record CharDevice(int id, int flags, String path, int major, int minor) implements OpenFile {
  @Override
  public String describe() {
    return "device " + path;
  }
}
