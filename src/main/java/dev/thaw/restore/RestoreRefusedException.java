package dev.thaw.restore;

/** This checkpoint cannot be restored here and now; nothing was changed. */
public final class RestoreRefusedException extends RestoreException {
  private static final long serialVersionUID = 1L;

  /** With what the user can do in the message. */
  public RestoreRefusedException(String message) {
    super(message);
  }
}
