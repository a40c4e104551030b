package dev.thaw.image;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.thaw.image.RecordReader.MisfitException;
import java.io.IOException;

/**
 * Reads and writes image records as JSON. Strict: what is not exactly ours is refused.
 *
 * <p>Jackson does the text alone. Its data binding would find out about our records for itself: a
 * fifth of a second of every JVM that has just started.
 */
public final class ImageCodec {
  private ImageCodec() {}

  /** {@code record} as indented UTF-8 JSON. */
  public static byte[] write(Object record) throws IOException {
    return RecordWriter.indented(record);
  }

  /** {@code record} as JSON without a line break. */
  public static String line(Object record) throws IOException {
    return RecordWriter.line(record);
  }

  /** Finds out about {@code type} and the records that it consists of before one is read. */
  public static void learn(Class<?> type) throws IOException {
    JsonTree.parse(new byte[] {'{', '}'});
    RecordShape.learn(type);
  }

  /**
   * Reads one record.
   *
   * @param name the file's name, for messages
   * @throws ImageFormatException if the content is not a valid {@code type}
   */
  public static <T> T read(String name, byte[] content, Class<T> type) throws ImageFormatException {
    try {
      return type.cast(RecordReader.read(type, JsonTree.parse(content)));
    } catch (JsonProcessingException e) {
      throw new ImageFormatException(name + ": " + firstLine(e.getOriginalMessage()), e);
    } catch (MisfitException e) {
      String message = e.getMessage();
      String said = message.startsWith(".") ? message.substring(1) : message;
      throw new ImageFormatException(name + ": " + firstLine(said), e);
    } catch (IOException e) {
      throw new ImageFormatException(name + ": " + firstLine(e.getMessage()), e);
    }
  }

  private static String firstLine(String text) {
    return text == null ? "unreadable" : text.lines().findFirst().orElse("unreadable");
  }
}
