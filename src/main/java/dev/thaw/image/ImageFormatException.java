package dev.thaw.image;

import java.io.IOException;

/** An image file is not what its format says. The message begins with the file's name. */
public class ImageFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message begins with the file's name
   */
  public ImageFormatException(String message) {
    super(message);
  }

  /**
   * @param message begins with the file's name
   * @param cause what the parser said
   */
  public ImageFormatException(String message, Throwable cause) {
    super(message, cause);
  }
}
