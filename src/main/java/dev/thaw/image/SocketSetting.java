package dev.thaw.image;

/**
 * A socket option and what getsockopt(2) says of it.
 *
 * @param value an int, or the structure or text that the option takes
 */
public record SocketSetting(SocketOption option, byte[] value) {
  private static final int MAX_BYTES = 64;

  /** Validates. */
  public SocketSetting {
    boolean number = option == SocketOption.SO_RCVBUF || option == SocketOption.SO_SNDBUF;
    if (value.length == 0 || value.length > MAX_BYTES || number && value.length != 4) {
      throw new IllegalArgumentException(option + " of " + value.length + " bytes");
    }
  }
}
