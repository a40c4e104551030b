package dev.thaw.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** images/FORMAT.md names every record of a checkpoint, every field, and every value of an enum. */
class FormatDocumentTest {
  private final Set<Class<?>> reached = new LinkedHashSet<>();

  private static String document() throws Exception {
    return Files.readString(Path.of("images/FORMAT.md"));
  }

  /** The text below the heading of that name, up to the next heading. */
  private static String section(String document, String name) {
    int at = document.indexOf("\n### " + name + "\n");
    assertTrue(at >= 0, "images/FORMAT.md has no section \"" + name + "\"");
    int end = document.indexOf("\n#", at + 1);
    return document.substring(at, end < 0 ? document.length() : end);
  }

  private void reach(Type type) {
    if (type instanceof ParameterizedType list) {
      reach(list.getActualTypeArguments()[0]);
    } else if (type instanceof Class<?> c
        && c.getName().startsWith("dev.thaw.")
        && reached.add(c)) {
      if (c == OpenFile.class) {
        List.of(FileKind.values()).forEach(kind -> reach(kind.type()));
      } else if (c == Vma.Backing.class) {
        List.of(BackingKind.values()).forEach(kind -> reach(kind.type()));
      } else if (c.isRecord() && c != Addr.class) {
        List.of(c.getRecordComponents()).forEach(part -> reach(part.getGenericType()));
      }
    }
  }

  private List<Class<?>> reachable() {
    reach(Manifest.class);
    reach(ProcessImage.class);
    reach(dev.thaw.image.Files.class);
    return new ArrayList<>(reached);
  }

  private static String heading(Class<?> record) {
    return record == Vma.Backing.CharDevice.class ? "CharDevice of a Vma" : record.getSimpleName();
  }

  @Test
  void everyFieldOfEveryRecordIsDescribedInItsSection() throws Exception {
    String document = document();
    String common = section(document, "Open files");
    List<String> missing = new ArrayList<>();
    for (Class<?> type : reachable()) {
      if (!type.isRecord() || type == Addr.class) {
        continue;
      }
      String section = section(document, heading(type));
      for (RecordComponent part : type.getRecordComponents()) {
        String field = "`" + part.getName() + "`";
        boolean inherited = OpenFile.class.isAssignableFrom(type) && common.contains(field);
        if (!section.contains(field) && !inherited) {
          missing.add(type.getSimpleName() + "." + part.getName());
        }
      }
    }
    assertEquals(List.of(), missing);
  }

  @Test
  void everyValueOfAnEnumIsNamed() throws Exception {
    String document = document();
    List<String> missing = new ArrayList<>();
    for (Class<?> type : reachable()) {
      if (type.isEnum()) {
        for (Object value : type.getEnumConstants()) {
          if (!document.contains("`" + ((Enum<?>) value).name() + "`")) {
            missing.add(type.getSimpleName() + "." + value);
          }
        }
      }
    }
    assertEquals(List.of(), missing);
  }

  @Test
  void everyKindOfBackingIsNamed() throws Exception {
    String document = document();
    for (BackingKind kind : BackingKind.values()) {
      String section = section(document, heading(kind.type()));
      assertTrue(section.contains("`kind` is `" + kind.jsonName() + "`"), kind.jsonName());
    }
  }

  /** No section describes a record that there is no more, and no field that is none. */
  @Test
  void everySectionIsOfARecord() throws Exception {
    List<String> known = new ArrayList<>(List.of("Open files"));
    reachable().forEach(type -> known.add(heading(type)));
    List<String> stale =
        document()
            .lines()
            .filter(line -> line.startsWith("### "))
            .map(line -> line.substring(4))
            .filter(heading -> !known.contains(heading))
            .toList();
    assertEquals(List.of(), stale);
  }
}
