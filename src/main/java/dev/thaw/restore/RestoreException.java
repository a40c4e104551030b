package dev.thaw.restore;

import java.io.IOException;

/**
 * A restore failed; nothing of the tree is left. The message names the process and what was done.
 */
public class RestoreException extends IOException {
  private static final long serialVersionUID = 1L;

  /** With what the user can do in the message. */
  public RestoreException(String message) {
    super(message);
  }

  /** With its cause. */
  public RestoreException(String message, Throwable cause) {
    super(message, cause);
  }
}
