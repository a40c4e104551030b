package dev.thaw.image;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;

/** Reads and writes image records as JSON. Strict: what is not exactly ours is refused. */
public final class ImageCodec {
  /** The content of a queue is one string, and Jackson's own limit is 20 million characters. */
  private static final StreamReadConstraints CONSTRAINTS =
      StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build();

  private static final JsonMapper MAPPER =
      JsonMapper.builder(JsonFactory.builder().streamReadConstraints(CONSTRAINTS).build())
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private ImageCodec() {}

  /** {@code record} as indented UTF-8 JSON. */
  public static byte[] write(Object record) throws IOException {
    return MAPPER.writeValueAsBytes(record);
  }

  /** {@code record} as JSON without a line break. */
  public static String line(Object record) throws IOException {
    return MAPPER.writer().without(SerializationFeature.INDENT_OUTPUT).writeValueAsString(record);
  }

  /**
   * Reads one record.
   *
   * @param name the file's name, for messages
   * @throws ImageFormatException if the content is not a valid {@code type}
   */
  public static <T> T read(String name, byte[] content, Class<T> type) throws ImageFormatException {
    try {
      T value = MAPPER.readValue(content, type);
      if (value == null) {
        throw new ImageFormatException(name + ": holds null");
      }
      return value;
    } catch (JsonProcessingException e) {
      throw new ImageFormatException(name + ": " + firstLine(e.getOriginalMessage()), e);
    } catch (ImageFormatException e) {
      throw e;
    } catch (IOException | IllegalArgumentException e) {
      throw new ImageFormatException(name + ": " + firstLine(e.getMessage()), e);
    }
  }

  private static String firstLine(String text) {
    return text == null ? "unreadable" : text.lines().findFirst().orElse("unreadable");
  }
}
