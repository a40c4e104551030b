package dev.thaw.store;

import dev.thaw.image.ImageFormatException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
  private static final Pattern LINE =
      Pattern.compile("([0-9a-f]{8}|frames  ) (0|[1-9][0-9]{0,17}) (\\S+)");
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

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
    return NAME.matcher(name).matches() && !name.equals(FILE);
  }

  byte[] encode() {
    StringBuilder text = new StringBuilder(TITLE).append('\n');
    for (Map.Entry<String, Entry> file : files.entrySet()) {
      Entry e = file.getValue();
      text.append(e.byFrames ? BY_FRAMES : hex(e.checksum)).append(' ');
      text.append(e.lengthBytes).append(' ').append(file.getKey()).append('\n');
    }
    text.append(hex(of(text.toString().getBytes(StandardCharsets.US_ASCII)))).append(" end\n");
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Reads the list.
   *
   * @param file name for messages
   */
  static Checksums decode(String file, byte[] content) throws ImageFormatException {
    String text = new String(content, StandardCharsets.ISO_8859_1);
    int last = text.lastIndexOf('\n', text.length() - 2) + 1;
    byte[] head = text.substring(0, last).getBytes(StandardCharsets.ISO_8859_1);
    if (!text.substring(last).equals(hex(of(head)) + " end\n")) {
      throw new ImageFormatException(
          file + ": is damaged or cut off (its last line does not match)");
    }
    String[] lines = text.substring(0, last).split("\n", -1);
    if (!lines[0].equals(TITLE)) {
      throw new ImageFormatException(file + ": does not begin with \"" + TITLE + "\"");
    }
    SortedMap<String, Entry> files = new TreeMap<>();
    for (int i = 1; i < lines.length - 1; i++) {
      Matcher line = LINE.matcher(lines[i]);
      if (!line.matches() || !isFileName(line.group(3))) {
        throw new ImageFormatException(
            file + ": line " + (i + 1) + " is not \"checksum length name\"");
      }
      if (!files.isEmpty() && files.lastKey().compareTo(line.group(3)) >= 0) {
        throw new ImageFormatException(file + ": line " + (i + 1) + " is out of order");
      }
      boolean byFrames = line.group(1).equals(BY_FRAMES);
      int checksum = byFrames ? 0 : Integer.parseUnsignedInt(line.group(1), 16);
      files.put(line.group(3), new Entry(Long.parseLong(line.group(2)), checksum, byFrames));
    }
    return new Checksums(files);
  }

  private static String hex(int checksum) {
    return String.format("%08x", checksum);
  }
}
