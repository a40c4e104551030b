package dev.thaw.remote;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How one argument of a system call reads. */
final class ArgFormat {
  static final ArgFormat NUMBER = new ArgFormat(Kind.NUMBER, Map.of(), 0, "0");

  private static final int SHOWN_BYTES = 48;
  private static final long LARGEST_DECIMAL = 0xffff;

  /** What a constant argument is. */
  private enum Kind {
    NUMBER,
    DECIMAL,
    OCTAL,
    HEX,
    PATH,
    DIRECTORY,
    FLAGS,
    STRUCT,
    CLONE_ARGS
  }

  private final Kind kind;
  private final TreeMap<Long, String> names;

  /** Bits that hold a value rather than flags, e.g. the access mode of open(2). */
  private final long fieldMask;

  private final String zero;

  /** Of a structure of 64-bit words. */
  private final List<String> fields;

  /** Of the flags in a structure. */
  private final ArgFormat flags;

  private ArgFormat(Kind kind, Map<Long, String> names, long fieldMask, String zero) {
    this.kind = kind;
    this.names = new TreeMap<>(names);
    this.fieldMask = fieldMask;
    this.zero = zero;
    this.fields = List.of();
    this.flags = null;
  }

  private ArgFormat(Kind kind, List<String> fields, ArgFormat flags) {
    this.kind = kind;
    this.names = new TreeMap<>();
    this.fieldMask = 0;
    this.zero = "NULL";
    this.fields = fields;
    this.flags = flags;
  }

  static ArgFormat decimal() {
    return new ArgFormat(Kind.DECIMAL, Map.of(), 0, "0");
  }

  static ArgFormat octal() {
    return new ArgFormat(Kind.OCTAL, Map.of(), 0, "0");
  }

  static ArgFormat hex() {
    return new ArgFormat(Kind.HEX, Map.of(), 0, "0");
  }

  /** A NUL-terminated string in the data area. */
  static ArgFormat path() {
    return new ArgFormat(Kind.PATH, Map.of(), 0, "NULL");
  }

  /** A descriptor or AT_FDCWD. */
  static ArgFormat directory() {
    return new ArgFormat(Kind.DIRECTORY, Map.of(), 0, "0");
  }

  /**
   * @param fieldMask bits that are looked up as one number; -1: all of them
   */
  static ArgFormat flags(Map<Long, String> names, long fieldMask, String zero) {
    return new ArgFormat(Kind.FLAGS, names, fieldMask, zero);
  }

  /** A structure of 64-bit words in the data area. */
  static ArgFormat struct(List<String> fields) {
    return new ArgFormat(Kind.STRUCT, fields, null);
  }

  /** A {@code struct clone_args} in the data area. */
  static ArgFormat cloneArgs(ArgFormat flags) {
    return new ArgFormat(Kind.CLONE_ARGS, List.of(), flags);
  }

  String number(long value) {
    switch (kind) {
      case DECIMAL:
        return Long.toString(value);
      case OCTAL:
        return value == 0 ? "0" : "0" + Long.toOctalString(value);
      case HEX:
        return hexText(value);
      case PATH:
      case STRUCT:
      case CLONE_ARGS:
        return value == 0 ? "NULL" : hexText(value);
      case DIRECTORY:
        return (int) value == -100 ? "AT_FDCWD" : Long.toString(value);
      case FLAGS:
        return flagText(value);
      default:
        return Math.abs(value) <= LARGEST_DECIMAL ? Long.toString(value) : hexText(value);
    }
  }

  String data(Program program, int offset) {
    if (kind == Kind.STRUCT) {
      return StructText.words(program, offset, fields);
    }
    if (kind == Kind.CLONE_ARGS) {
      return StructText.cloneArgs(program, offset, flags);
    }
    byte[] bytes = program.dataAt(offset, 4096);
    int length = 0;
    while (length < bytes.length && bytes[length] != 0) {
      length++;
    }
    if (kind == Kind.PATH && length < bytes.length) {
      return '"' + new String(bytes, 0, length, StandardCharsets.UTF_8) + '"';
    }
    boolean text = length >= 2 && length < bytes.length && length <= SHOWN_BYTES;
    for (int i = 0; i < length; i++) {
      text &= bytes[i] >= ' ' && bytes[i] < 127;
    }
    return text
        ? '"' + new String(bytes, 0, length, StandardCharsets.US_ASCII) + '"'
        : "data+" + offset;
  }

  private String flagText(long value) {
    if (names.containsKey(value) && (fieldMask == 0 || (value & ~fieldMask) == 0)) {
      return names.get(value);
    }
    List<String> parts = new ArrayList<>();
    long rest = value;
    if (fieldMask != 0) {
      long field = value & fieldMask;
      if (names.containsKey(field)) {
        parts.add(names.get(field));
        rest &= ~fieldMask;
      }
    }
    for (Map.Entry<Long, String> flag : names.entrySet()) {
      long bits = flag.getKey();
      if (bits != 0 && (bits & fieldMask) == 0 && (rest & bits) == bits) {
        parts.add(flag.getValue());
        rest &= ~bits;
      }
    }
    if (rest != 0) {
      parts.add(hexText(rest));
    }
    return parts.isEmpty() ? zero : String.join("|", parts);
  }

  private static String hexText(long value) {
    return value == 0 ? "0" : value == -1 ? "-1" : "0x" + Long.toHexString(value);
  }
}
