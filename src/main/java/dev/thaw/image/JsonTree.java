package dev.thaw.image;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a JSON text into Map, List, String, Long and Boolean. Refuses what no image holds: null,
 * fractions, integers beyond 64 bits, a name that is twice in an object, anything behind the end.
 */
final class JsonTree {
  /** The content of a queue is one string, and Jackson's own limit is 20 million characters. */
  private static final StreamReadConstraints CONSTRAINTS =
      StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build();

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(CONSTRAINTS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private JsonTree() {}

  /**
   * @throws JsonProcessingException if it is no such text
   */
  static Object parse(byte[] text) throws IOException {
    try (JsonParser in = FACTORY.createParser(text)) {
      Object value = value(in, in.nextToken());
      if (in.nextToken() != null) {
        throw new JsonParseException(in, "there is something behind the end");
      }
      return value;
    }
  }

  private static Object value(JsonParser in, JsonToken token) throws IOException {
    if (token == null) {
      throw new JsonParseException(in, "is empty");
    }
    return switch (token) {
      case START_OBJECT -> object(in);
      case START_ARRAY -> list(in);
      case VALUE_STRING -> in.getText();
      case VALUE_NUMBER_INT -> integer(in);
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> throw new JsonParseException(in, in.getText() + " is no value that can be here");
    };
  }

  private static Map<String, Object> object(JsonParser in) throws IOException {
    Map<String, Object> object = new LinkedHashMap<>();
    while (in.nextToken() != JsonToken.END_OBJECT) {
      String name = in.currentName();
      object.put(name, value(in, in.nextToken()));
    }
    return object;
  }

  private static List<Object> list(JsonParser in) throws IOException {
    List<Object> list = new ArrayList<>();
    for (JsonToken token = in.nextToken(); token != JsonToken.END_ARRAY; token = in.nextToken()) {
      list.add(value(in, token));
    }
    return list;
  }

  private static Long integer(JsonParser in) throws IOException {
    if (in.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
      throw new JsonParseException(in, "an integer of more than 64 bits");
    }
    return in.getLongValue();
  }
}
