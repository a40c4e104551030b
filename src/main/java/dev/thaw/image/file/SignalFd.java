package dev.thaw.image.file;

import dev.thaw.image.Addr;
import dev.thaw.image.OpenFile;

/**
 * A signalfd.
 *
 * @param mask the signals that it takes: bit N-1 for signal N
 */
public record SignalFd(int id, int flags, Addr mask) implements OpenFile {
  @Override
  public String describe() {
    return "signalfd";
  }
}
