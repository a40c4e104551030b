package dev.thaw.restore;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Changes JSON as somebody would who knows the format: numbers at their limits, references to other
 * objects, paths that lead elsewhere, elements twice, out of order, missing. The same seed makes
 * the same changes.
 */
final class RecordMutator {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonNodeFactory MAKE = JsonNodeFactory.instance;
  private static final long[] NUMBERS = {
    0,
    1,
    -1,
    2,
    7,
    63,
    64,
    65,
    255,
    4095,
    4097,
    65536,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    1L << 31,
    1L << 32,
    1L << 40,
    1L << 50,
    1L << 62,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };
  private static final List<String> TEXTS =
      List.of(
          "",
          "\0",
          "/",
          "/\0",
          "../../etc/passwd",
          "/../etc/passwd",
          "/proc/self/mem",
          "x".repeat(5000),
          "0x0",
          "0x1000",
          "0xfff",
          "0x7ffffffff000",
          "0x100000000000000",
          "0xffffffffffffffff",
          "0x10000000000000000",
          "0xfffffffffffff000",
          "SYSV",
          "ZOMBIE",
          "Epoll",
          "AAAA",
          "vdso",
          "\ud800");

  private final byte[] good;
  private final Random random;

  RecordMutator(byte[] good, long seed) {
    this.good = good.clone();
    this.random = new Random(seed);
  }

  /** The record with one to three changes. */
  byte[] next() throws IOException {
    JsonNode root = JSON.readTree(good);
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      List<JsonNode> containers = new ArrayList<>();
      collect(root, containers);
      JsonNode chosen = containers.get(random.nextInt(containers.size()));
      if (chosen instanceof ObjectNode object) {
        List<String> names = new ArrayList<>();
        object.fieldNames().forEachRemaining(names::add);
        change(object, names.get(random.nextInt(names.size())), containers);
      } else {
        change((ArrayNode) chosen, containers);
      }
    }
    return JSON.writeValueAsBytes(root);
  }

  /** All objects and arrays that hold something. */
  private static void collect(JsonNode node, List<JsonNode> out) {
    if (node.isContainerNode() && !node.isEmpty()) {
      out.add(node);
    }
    node.forEach(child -> collect(child, out));
  }

  private void change(ObjectNode object, String name, List<JsonNode> others) {
    int how = random.nextInt(20);
    if (how == 0) {
      object.remove(name);
    } else if (how == 1) {
      object.set("another", object.get(name));
    } else {
      object.set(name, changed(object.get(name), others));
    }
  }

  private void change(ArrayNode array, List<JsonNode> others) {
    int at = random.nextInt(array.size());
    int to = random.nextInt(array.size());
    switch (random.nextInt(5)) {
      case 0 -> array.remove(at);
      case 1 -> array.insert(to, array.get(at).deepCopy());
      case 2 -> {
        JsonNode moved = array.get(at);
        array.set(at, array.get(to));
        array.set(to, moved);
      }
      case 3 -> {
        for (int i = 0; i < 200; i++) {
          array.add(array.get(at).deepCopy());
        }
      }
      default -> array.set(at, changed(array.get(at), others));
    }
  }

  private JsonNode changed(JsonNode value, List<JsonNode> others) {
    if (random.nextInt(25) == 0) {
      return random.nextBoolean() ? MAKE.nullNode() : MAKE.arrayNode();
    }
    if (value.isBoolean()) {
      return MAKE.booleanNode(!value.booleanValue());
    }
    if (value.isNumber()) {
      return number(value.longValue());
    }
    if (value.isTextual()) {
      return MAKE.textNode(TEXTS.get(random.nextInt(TEXTS.size())));
    }
    return others.get(random.nextInt(others.size())).deepCopy();
  }

  private JsonNode number(long value) {
    return switch (random.nextInt(4)) {
      case 0 -> MAKE.numberNode(value + 1 - 2 * random.nextInt(2));
      case 1 -> MAKE.numberNode(random.nextInt(20)); // the id of something else
      case 2 -> MAKE.numberNode(100 + random.nextInt(4)); // another task
      default -> MAKE.numberNode(NUMBERS[random.nextInt(NUMBERS.length)]);
    };
  }
}
