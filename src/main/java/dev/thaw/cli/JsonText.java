package dev.thaw.cli;

import java.lang.reflect.RecordComponent;
import java.util.Collection;
import java.util.Map;

/** Writes records, lists, maps, strings, numbers and booleans as JSON: a line each. */
final class JsonText {
  private final StringBuilder out = new StringBuilder();

  private JsonText() {}

  static String of(Object value) {
    JsonText json = new JsonText();
    json.write(value, 0);
    return json.out.toString();
  }

  private void write(Object value, int depth) {
    if (value == null || value instanceof Number || value instanceof Boolean) {
      out.append(value);
    } else if (value instanceof Record structure) {
      writeRecord(structure, depth);
    } else if (value instanceof Map<?, ?> map) {
      open('{');
      map.forEach((key, member) -> writeMember(String.valueOf(key), member, depth));
      close('}', depth);
    } else if (value instanceof Collection<?> elements) {
      open('[');
      for (Object element : elements) {
        newLine(depth + 1);
        write(element, depth + 1);
        out.append(',');
      }
      close(']', depth);
    } else {
      quote(value.toString());
    }
  }

  private void writeRecord(Record structure, int depth) {
    open('{');
    for (RecordComponent component : structure.getClass().getRecordComponents()) {
      try {
        component.getAccessor().setAccessible(true);
        writeMember(component.getName(), component.getAccessor().invoke(structure), depth);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(component.toString(), e);
      }
    }
    close('}', depth);
  }

  private void writeMember(String name, Object value, int depth) {
    newLine(depth + 1);
    quote(name);
    out.append(": ");
    write(value, depth + 1);
    out.append(',');
  }

  private void open(char bracket) {
    out.append(bracket);
  }

  /** Takes the comma of the last element back. */
  private void close(char bracket, int depth) {
    if (out.charAt(out.length() - 1) == ',') {
      out.setLength(out.length() - 1);
      newLine(depth);
    }
    out.append(bracket);
  }

  private void newLine(int depth) {
    out.append('\n').append("  ".repeat(depth));
  }

  private void quote(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ') {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
