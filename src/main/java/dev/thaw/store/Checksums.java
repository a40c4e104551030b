package dev.thaw.store;

import dev.thaw.image.ImageFormatException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * The files of a checkpoint with their lengths and checksums: the content of {@code checksums}.
 * Text, a line for each file in the order of their names, and a last line that checks the lines
 * before it:
 *
 * <pre>
 * thaw-checksums 1
 * 9ae0daaf 512 manifest.json
 * frames   104857600 pages.img
 * 1c291ca3 end
 * </pre>
 *
 * <p>{@code frames} stands where the file is checked frame by frame, by an index that is listed
 * too.
 *
 * @param files by name
 */
record Checksums(SortedMap<String, Entry> files) {
  static final String FILE = "checksums";

  private static final String TITLE = "thaw-checksums 1";
  private static final String BY_FRAMES = "frames  ";
  private static final String LAST = " end\n";
  private static final int CHECKSUM_CHARS = 8;
  private static final int MAX_NAME_CHARS = 128;

  /**
   * One file.
   *
   * @param checksum CRC-32C of its bytes; nothing if {@code byFrames}
   */
  record Entry(long lengthBytes, int checksum, boolean byFrames) {}

  Checksums {
    files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
  }

  /** CRC-32C of {@code bytes}. */
  static int of(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  /** Whether a file of a checkpoint may have this name: it cannot lead out of the directory. */
  static boolean isFileName(String name) {
    if (name.isEmpty() || name.length() > MAX_NAME_CHARS || name.equals(FILE)) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean letterOrDigit = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
      if (!letterOrDigit && (i == 0 || c != '.' && c != '_' && c != '-')) {
        return false;
      }
    }
    return true;
  }

  byte[] encode() {
    StringBuilder text = new StringBuilder(TITLE).append('\n');
    for (Map.Entry<String, Entry> file : files.entrySet()) {
      Entry e = file.getValue();
      text.append(e.byFrames ? BY_FRAMES : hex(e.checksum)).append(' ');
      text.append(e.lengthBytes).append(' ').append(file.getKey()).append('\n');
    }
    text.append(hex(of(text.toString().getBytes(StandardCharsets.US_ASCII)))).append(LAST);
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Reads the list: exactly what {@link #encode} writes. By hand, since patterns and formats cost a
   * JVM that has just started tens of milliseconds.
   *
   * @param file name for messages
   */
  static Checksums decode(String file, byte[] content) throws ImageFormatException {
    String text = new String(content, StandardCharsets.ISO_8859_1);
    int last = text.lastIndexOf('\n', text.length() - 2) + 1;
    String checked = text.substring(0, last);
    String checksum = hex(of(checked.getBytes(StandardCharsets.ISO_8859_1)));
    if (!text.substring(last).equals(checksum + LAST)) {
      throw new ImageFormatException(
          file + ": is damaged or cut off (its last line does not match)");
    }
    String[] lines = checked.split("\n");
    if (!lines[0].equals(TITLE)) {
      throw new ImageFormatException(file + ": does not begin with \"" + TITLE + "\"");
    }
    SortedMap<String, Entry> files = new TreeMap<>();
    for (int i = 1; i < lines.length; i++) {
      addLine(file, i + 1, lines[i], files);
    }
    Checksums checksums = new Checksums(files);
    if (!Arrays.equals(checksums.encode(), content)) {
      throw new ImageFormatException(file + ": its lines are out of order or not as they must be");
    }
    return checksums;
  }

  private static void addLine(String file, int number, String line, SortedMap<String, Entry> files)
      throws ImageFormatException {
    int nameAt = line.lastIndexOf(' ') + 1;
    try {
      String name = line.substring(nameAt);
      String checksum = line.substring(0, CHECKSUM_CHARS);
      long lengthBytes = Long.parseLong(line.substring(CHECKSUM_CHARS + 1, nameAt - 1));
      boolean byFrames = checksum.equals(BY_FRAMES);
      if (isFileName(name) && lengthBytes >= 0) {
        int crc = byFrames ? 0 : Integer.parseUnsignedInt(checksum, 16);
        files.put(name, new Entry(lengthBytes, crc, byFrames));
        return;
      }
    } catch (NumberFormatException | StringIndexOutOfBoundsException e) {
      // as below
    }
    throw new ImageFormatException(
        file + ": line " + number + " is not a checksum, a length and a file name");
  }

  /** As the list and messages show a checksum. */
  static String hex(int checksum) {
    String digits = Integer.toHexString(checksum);
    return "0".repeat(CHECKSUM_CHARS - digits.length()) + digits;
  }
}
