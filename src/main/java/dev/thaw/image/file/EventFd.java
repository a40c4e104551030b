package dev.thaw.image.file;

import dev.thaw.image.Addr;
import dev.thaw.image.OpenFile;

/**
 * An eventfd.
 *
 * @param count its counter, unsigned
 * @param semaphore EFD_SEMAPHORE
 */
public record EventFd(int id, int flags, Addr count, boolean semaphore) implements OpenFile {
  @Override
  public String describe() {
    return "eventfd";
  }
}
