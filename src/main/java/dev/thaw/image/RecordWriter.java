package dev.thaw.image;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.thaw.image.RecordShape.Part;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;

/** Writes records as JSON objects of their components, in their order. */
final class RecordWriter {
  /** Tells apart the records that may stand in the same place. */
  static final String KIND = "kind";

  private static final JsonFactory FACTORY = new JsonFactory();

  private final JsonGenerator out;

  private RecordWriter(JsonGenerator out) {
    this.out = out;
  }

  /** {@code record} in UTF-8, in many lines. */
  static byte[] indented(Object record) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator out = FACTORY.createGenerator(bytes)) {
      new RecordWriter(out.useDefaultPrettyPrinter()).value(record);
    }
    return bytes.toByteArray();
  }

  /** {@code record} without a line break. */
  static String line(Object record) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = FACTORY.createGenerator(text)) {
      new RecordWriter(out).value(record);
    }
    return text.toString();
  }

  private void value(Object value) throws IOException {
    if (value instanceof String || value instanceof Addr || value instanceof Enum) {
      out.writeString(value instanceof Enum<?> constant ? constant.name() : value.toString());
    } else if (value instanceof Integer || value instanceof Long) {
      out.writeNumber(((Number) value).longValue());
    } else if (value instanceof Double number) {
      out.writeNumber(number);
    } else if (value instanceof Boolean flag) {
      out.writeBoolean(flag);
    } else if (value instanceof byte[] bytes) {
      out.writeBinary(bytes);
    } else if (value instanceof long[] numbers) {
      out.writeArray(numbers, 0, numbers.length);
    } else if (value instanceof List<?> list) {
      list(list);
    } else {
      object(value);
    }
  }

  private void list(List<?> list) throws IOException {
    out.writeStartArray();
    for (Object value : list) {
      value(value);
    }
    out.writeEndArray();
  }

  private void object(Object record) throws IOException {
    if (!record.getClass().isRecord()) {
      throw new IllegalArgumentException("no place in an image for " + record.getClass());
    }
    out.writeStartObject();
    if (record instanceof OpenFile file) {
      out.writeStringField(KIND, FileKind.of(file).jsonName());
    } else if (record instanceof Vma.Backing backing) {
      out.writeStringField(KIND, BackingKind.of(backing).jsonName());
    }
    for (Part part : RecordShape.of(record.getClass()).parts()) {
      out.writeFieldName(part.name());
      value(part.of(record));
    }
    out.writeEndObject();
  }
}
