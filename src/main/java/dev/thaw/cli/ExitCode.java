package dev.thaw.cli;

import dev.thaw.ThawException;

/** What the commands exit with. The README and the help of {@link Main} list the same. */
final class ExitCode {
  static final int OK = 0;

  /** Failed, for any reason without a code of its own. */
  static final int FAILED = 1;

  /** The command line is wrong. */
  static final int USAGE = 2;

  /** The dump or restore was refused before anything was changed. */
  static final int REFUSED = 3;

  /** The checkpoint is damaged, or not one, or of another format version. */
  static final int BAD_IMAGE = 4;

  /** The kernel, the rights or the limits do not allow it; {@code thaw check} says more. */
  static final int NOT_ALLOWED = 5;

  /** There is no such process. */
  static final int GONE = 6;

  private ExitCode() {}

  static int of(ThawException.Kind kind) {
    return switch (kind) {
      case REFUSED -> REFUSED;
      case BAD_IMAGE -> BAD_IMAGE;
      case NOT_ALLOWED -> NOT_ALLOWED;
      case GONE -> GONE;
      case FAILED -> FAILED;
    };
  }
}
