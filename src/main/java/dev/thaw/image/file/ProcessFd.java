package dev.thaw.image.file;

import dev.thaw.image.OpenFile;

/**
 * A pidfd.
 *
 * @param pid a process of the tree
 */
public record ProcessFd(int id, int flags, int pid) implements OpenFile {
  @Override
  public String describe() {
    return "pidfd of " + pid;
  }
}
