package dev.thaw.image;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The components of a record class, in their order, and how to read and make a record of it. Each
 * class is looked at once.
 */
final class RecordShape {
  private static final Map<Class<?>, RecordShape> KNOWN = new ConcurrentHashMap<>();

  private final Constructor<?> constructor;
  private final List<Part> parts;

  /** One component. */
  record Part(String name, Type type, Method accessor) {
    /** Its value in {@code record}. */
    Object of(Object record) {
      try {
        return accessor.invoke(record);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(accessor.toString(), e);
      }
    }
  }

  private RecordShape(Class<?> type) {
    RecordComponent[] components = type.getRecordComponents();
    Class<?>[] parameters = new Class<?>[components.length];
    parts = new ArrayList<>(components.length);
    for (int i = 0; i < components.length; i++) {
      RecordComponent component = components[i];
      parameters[i] = component.getType();
      Method accessor = component.getAccessor();
      accessor.setAccessible(true);
      parts.add(new Part(component.getName(), component.getGenericType(), accessor));
    }
    try {
      constructor = type.getDeclaredConstructor(parameters);
      constructor.setAccessible(true);
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException("a record has a canonical constructor: " + type, e);
    }
  }

  /** That of the record class {@code type}. */
  static RecordShape of(Class<?> type) {
    RecordShape shape = KNOWN.get(type);
    if (shape == null) {
      shape = new RecordShape(type);
      KNOWN.put(type, shape);
    }
    return shape;
  }

  /** That of {@code type} and of all records that it consists of. */
  static void learn(Type type) {
    if (type instanceof ParameterizedType list) {
      learn(list.getActualTypeArguments()[0]);
    } else if (type instanceof Class<?> c && c.isRecord() && !KNOWN.containsKey(c)) {
      of(c).parts().forEach(part -> learn(part.type()));
    }
  }

  /** The components. */
  List<Part> parts() {
    return parts;
  }

  /**
   * Makes a record.
   *
   * @param values of all components, in their order
   * @throws RuntimeException what its constructor throws
   */
  Object make(Object[] values) {
    try {
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException refused) {
        throw refused;
      }
      throw new IllegalStateException(constructor.toString(), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(constructor.toString(), e);
    }
  }
}
