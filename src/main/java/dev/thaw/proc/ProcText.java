package dev.thaw.proc;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Small forms that several files of /proc share. */
public final class ProcText {
  private ProcText() {}

  /** Decodes the octal escapes of seq_path() (fs/seq_file.c): {@code \012} and the like. */
  public static String unescape(String text) {
    if (text.indexOf('\\') < 0) {
      return text;
    }
    byte[] in = text.getBytes(StandardCharsets.ISO_8859_1);
    byte[] out = new byte[in.length];
    int n = 0;
    for (int i = 0; i < in.length; i++) {
      if (in[i] == '\\' && i + 3 < in.length && isOctal(in, i + 1)) {
        out[n++] = (byte) (((in[i + 1] - '0') << 6) | ((in[i + 2] - '0') << 3) | (in[i + 3] - '0'));
        i += 3;
      } else {
        out[n++] = in[i];
      }
    }
    return new String(out, 0, n, StandardCharsets.ISO_8859_1);
  }

  private static boolean isOctal(byte[] in, int at) {
    for (int i = at; i < at + 3; i++) {
      if (in[i] < '0' || in[i] > '7') {
        return false;
      }
    }
    return true;
  }

  /**
   * {@code name:\tvalue} lines, as in fdinfo. A name that comes more than once ({@code tfd} of an
   * epoll) keeps its values, newline separated.
   */
  public static Map<String, String> lines(String text) {
    Map<String, String> map = new LinkedHashMap<>();
    for (String line : text.split("\n")) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        map.merge(
            line.substring(0, colon), line.substring(colon + 1).strip(), (a, b) -> a + "\n" + b);
      }
    }
    return map;
  }
}
