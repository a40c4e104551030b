package dev.thaw.image;

import dev.thaw.image.RecordShape.Part;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * Makes records of what {@link JsonTree} read. Every component must be there and of its type, and
 * nothing else.
 */
final class RecordReader {
  private RecordReader() {}

  /** A value that does not fit. The message says where it stands. */
  static final class MisfitException extends Exception {
    private static final long serialVersionUID = 1L;

    MisfitException(String message) {
      super(message);
    }

    /** The same, seen from the object or list around it. */
    MisfitException in(String place) {
      String message = getMessage();
      boolean goesOn = message.startsWith(".") || message.startsWith("[");
      return new MisfitException(place + (goesOn ? "" : ": ") + message);
    }
  }

  /**
   * The value as {@code type}: a record, a list of such, or a value that a component may have.
   *
   * @throws MisfitException if it is none
   */
  static Object read(Type type, Object value) throws MisfitException {
    if (type instanceof ParameterizedType list) {
      return list(list.getActualTypeArguments()[0], cast(List.class, value, "a list"));
    }
    Class<?> wanted = (Class<?>) type;
    if (wanted == int.class || wanted == Integer.class) {
      return integer(cast(Long.class, value, "an integer"));
    }
    if (wanted == long.class || wanted == Long.class) {
      return cast(Long.class, value, "an integer");
    }
    if (wanted == boolean.class) {
      return cast(Boolean.class, value, "true or false");
    }
    if (Map.class.isInstance(value)) {
      return object(wanted, (Map<?, ?>) value);
    }
    return ofText(wanted, cast(String.class, value, isText(wanted) ? "a text" : "an object"));
  }

  private static <T> T cast(Class<T> type, Object value, String what) throws MisfitException {
    if (!type.isInstance(value)) {
      throw new MisfitException("is not " + what);
    }
    return type.cast(value);
  }

  private static Integer integer(long value) throws MisfitException {
    if (value != (int) value) {
      throw new MisfitException(value + " does not fit into 32 bits");
    }
    return (int) value;
  }

  private static List<Object> list(Type type, List<?> values) throws MisfitException {
    List<Object> list = new ArrayList<>(values.size());
    for (Object value : values) {
      try {
        list.add(read(type, value));
      } catch (MisfitException e) {
        throw e.in("[" + list.size() + "]");
      }
    }
    return list;
  }

  private static boolean isText(Class<?> type) {
    return type == String.class || type == Addr.class || type == byte[].class || type.isEnum();
  }

  private static Object ofText(Class<?> type, String text) throws MisfitException {
    try {
      if (type == String.class) {
        return text;
      }
      if (type == Addr.class) {
        return Addr.parse(text);
      }
      if (type == byte[].class) {
        return bytes(text);
      }
      if (type.isEnum()) {
        return constant(type, text);
      }
    } catch (IllegalArgumentException e) {
      throw new MisfitException(e.getMessage());
    }
    throw new MisfitException("is not an object");
  }

  private static byte[] bytes(String text) {
    if (text.length() % 4 != 0) { // Java would do without padding
      throw new IllegalArgumentException("base64 without padding");
    }
    return Base64.getDecoder().decode(text);
  }

  private static Object constant(Class<?> type, String name) {
    for (Object constant : type.getEnumConstants()) {
      if (((Enum<?>) constant).name().equals(name)) {
        return constant;
      }
    }
    throw new IllegalArgumentException("there is no " + type.getSimpleName() + " " + name);
  }

  private static Object object(Class<?> type, Map<?, ?> fields) throws MisfitException {
    if (isText(type)) {
      throw new MisfitException("is not a text");
    }
    boolean oneOfSeveral = type.isInterface();
    Class<?> record = oneOfSeveral ? kind(type, fields.get(RecordWriter.KIND)) : type;
    RecordShape shape = RecordShape.of(record);
    Object[] values = new Object[shape.parts().size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = component(shape.parts().get(i), fields);
    }
    if (fields.size() != values.length + (oneOfSeveral ? 1 : 0)) {
      throw unknown(shape, fields, oneOfSeveral);
    }
    try {
      return shape.make(values);
    } catch (RuntimeException e) { // a record refuses by any of them
      throw new MisfitException(e.getMessage() == null ? e.toString() : e.getMessage());
    }
  }

  private static Object component(Part part, Map<?, ?> fields) throws MisfitException {
    Object value = fields.get(part.name());
    try {
      if (value == null) {
        throw new MisfitException("is missing");
      }
      return read(part.type(), value);
    } catch (MisfitException e) {
      throw e.in("." + part.name());
    }
  }

  private static Class<?> kind(Class<?> type, Object name) throws MisfitException {
    String text = cast(String.class, name, "an object with the text \"kind\"");
    try {
      return type == OpenFile.class ? FileKind.named(text).type() : BackingKind.named(text).type();
    } catch (IllegalArgumentException e) {
      throw new MisfitException(e.getMessage());
    }
  }

  private static MisfitException unknown(RecordShape shape, Map<?, ?> fields, boolean withKind) {
    List<Object> names = new ArrayList<>(fields.keySet());
    shape.parts().forEach(part -> names.remove(part.name()));
    if (withKind) {
      names.remove(RecordWriter.KIND);
    }
    return new MisfitException("." + names.get(0) + ": there is no such field");
  }
}
