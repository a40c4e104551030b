package dev.thaw.image;

/** A virtual address. Unsigned: {@code [vsyscall]} lies above 2^63. Written as hex text. */
public record Addr(long value) implements Comparable<Addr> {

  /** The address {@code value}, unsigned. */
  public static Addr of(long value) {
    return new Addr(value);
  }

  static Addr parse(String hex) {
    if (!hex.startsWith("0x")) {
      throw new IllegalArgumentException("address without 0x: " + hex);
    }
    Addr address = new Addr(Long.parseUnsignedLong(hex.substring(2), 16));
    if (!address.toString().equals(hex)) {
      throw new IllegalArgumentException("address that is not written as " + address);
    }
    return address;
  }

  @Override
  public String toString() {
    return "0x" + Long.toHexString(value);
  }

  @Override
  public int compareTo(Addr other) {
    return Long.compareUnsigned(value, other.value);
  }
}
