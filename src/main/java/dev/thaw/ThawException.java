package dev.thaw;

import java.io.IOException;

/** An operation of Thaw failed. The message is one line: process, object, errno, the way out. */
public class ThawException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Why, as far as a caller may want to act on it. */
  public enum Kind {
    /** Something the checkpoint cannot carry over, or a file that has changed: nothing was done. */
    REFUSED,
    /** The checkpoint is not one, is damaged, or is of another version. */
    BAD_IMAGE,
    /** The kernel, the rights or the limits do not allow it. */
    NOT_ALLOWED,
    /** The process to be dumped does not exist, or has ended. */
    GONE,
    /** Anything else. */
    FAILED
  }

  private final Kind kind;

  /** {@code cause} may be null. */
  public ThawException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** Why. */
  public Kind kind() {
    return kind;
  }
}
