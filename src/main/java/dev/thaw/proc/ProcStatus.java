package dev.thaw.proc;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** /proc/PID/status (proc_pid_status(5)): its lines by name. */
public record ProcStatus(Map<String, String> lines) {

  /** Parses the whole file. */
  public static ProcStatus parse(String text) {
    Map<String, String> lines = new LinkedHashMap<>();
    for (String line : text.split("\n")) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        lines.put(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    return new ProcStatus(lines);
  }

  /** The text behind {@code name:}. */
  public String text(String name) {
    String value = lines.get(name);
    if (value == null) {
      throw new IllegalArgumentException("/proc/PID/status without " + name);
    }
    return value;
  }

  /** A decimal number. */
  public int number(String name) {
    return Integer.parseInt(text(name).split("\\s")[0]);
  }

  /** A hexadecimal mask. */
  public long mask(String name) {
    return Long.parseUnsignedLong(text(name), 16);
  }

  /** Whitespace separated numbers, unsigned 32 bit. */
  public List<Integer> numbers(String name) {
    List<Integer> values = new ArrayList<>();
    for (String word : text(name).split("\\s+")) {
      if (!word.isEmpty()) {
        values.add(Integer.parseUnsignedInt(word));
      }
    }
    return values;
  }

  /** An octal number. */
  public int octal(String name) {
    return Integer.parseInt(text(name), 8);
  }

  /** Whether a tracer is attached. */
  public int tracer() {
    return number("TracerPid");
  }
}
