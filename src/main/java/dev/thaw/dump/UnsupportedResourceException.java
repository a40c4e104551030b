package dev.thaw.dump;

import java.io.IOException;

/**
 * The target holds something that a restore could not rebuild. Thrown before anything is changed.
 * The message names process, object and the way out.
 */
public class UnsupportedResourceException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * @param pid the process
   * @param object e.g. {@code "fd 7 (socket:[4711])"}
   * @param reason why it cannot be carried over, and what the user can do
   */
  public UnsupportedResourceException(int pid, String object, String reason) {
    super("pid " + pid + ": " + object + ": " + reason);
  }
}
