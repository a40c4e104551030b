package dev.thaw.real;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * What the tests keep in redis: about 1 GiB in keys of all types and many sizes. Everything about a
 * key is a function of its number and its generation, so that a client can verify every byte
 * without keeping any. Writing a key again raises its generation.
 */
final class RedisData {
  private static final int TINY = 300_000;
  private static final int STRINGS = 9_200;
  private static final int HASHES = 6_000;
  private static final int LISTS = 5_000;
  private static final int SETS = 4_000;
  private static final int ZSETS = 4_000;
  private static final int MAX_STRING = 1 << 20;

  private final int[] generation = new int[TINY + STRINGS + HASHES + LISTS + SETS + ZSETS];

  private enum Type {
    STRING,
    HASH,
    LIST,
    SET,
    ZSET
  }

  /** The number of keys. */
  int size() {
    return generation.length;
  }

  /** Keys below this number are strings. */
  int strings() {
    return TINY + STRINGS;
  }

  /** Loads every key. */
  void load(RespClient client) throws IOException {
    client.pipeline(IntStream.range(0, size()).iterator(), this::store, RedisData::stored);
  }

  /** Fetches every key and compares it with what it must be. */
  void verify(RespClient client) throws IOException {
    verify(client, IntStream.range(0, size()));
    long keys = (Long) client.call("DBSIZE");
    if (keys != size()) {
      throw new AssertionError(keys + " keys instead of " + size());
    }
  }

  /** Fetches some keys and compares them with what they must be. */
  void verify(RespClient client, IntStream numbers) throws IOException {
    client.pipeline(numbers.iterator(), this::fetch, this::check);
  }

  /** Fetches one key; {@link #check} says whether it is right. */
  Object get(RespClient client, int number) throws IOException {
    return client.call(fetch(number));
  }

  /** Writes the next generation of some keys. */
  void rewrite(RespClient client, IntStream numbers) throws IOException {
    for (int number : numbers.toArray()) {
      client.call(List.of(bytes("DEL"), key(number)));
      generation[number]++;
      stored(number, client.call(store(number)));
    }
  }

  /** A copy as of now, to compare with a server that is restored to this moment. */
  RedisData copy() {
    RedisData copy = new RedisData();
    System.arraycopy(generation, 0, copy.generation, 0, generation.length);
    return copy;
  }

  /** One key of every type and size, spread over all. */
  IntStream sample() {
    return IntStream.iterate(0, i -> i < size(), i -> i + 97);
  }

  private static Type type(int number) {
    if (number < TINY + STRINGS) {
      return Type.STRING;
    }
    int n = number - TINY - STRINGS;
    if (n < HASHES) {
      return Type.HASH;
    }
    n -= HASHES;
    if (n < LISTS) {
      return Type.LIST;
    }
    return n - LISTS < SETS ? Type.SET : Type.ZSET;
  }

  private static byte[] key(int number) {
    return bytes("key:" + number);
  }

  private SeededBytes random(int number) {
    return new SeededBytes((long) number << 20 | generation[number]);
  }

  private List<byte[]> store(int number) {
    SeededBytes random = random(number);
    List<byte[]> words = new ArrayList<>();
    switch (type(number)) {
      case STRING -> words.addAll(List.of(bytes("SET"), key(number), string(number, random)));
      case HASH -> words.addAll(flat("HSET", number, hash(random)));
      case LIST -> words.addAll(flat("RPUSH", number, list(random)));
      case SET -> words.addAll(flat("SADD", number, set(random)));
      case ZSET -> words.addAll(flat("ZADD", number, zset(random)));
    }
    return words;
  }

  private static List<byte[]> flat(String command, int number, List<byte[]> content) {
    List<byte[]> words = new ArrayList<>(content.size() + 2);
    words.add(bytes(command));
    words.add(key(number));
    words.addAll(content);
    return words;
  }

  private static void stored(int number, Object reply) throws IOException {
    if (!"OK".equals(reply) && !(reply instanceof Long)) {
      throw new IOException("storing key " + number + ": " + reply);
    }
  }

  private List<byte[]> fetch(int number) {
    return switch (type(number)) {
      case STRING -> List.of(bytes("GET"), key(number));
      case HASH -> List.of(bytes("HGETALL"), key(number));
      case LIST -> List.of(bytes("LRANGE"), key(number), bytes("0"), bytes("-1"));
      case SET -> List.of(bytes("SMEMBERS"), key(number));
      case ZSET ->
          List.of(bytes("ZRANGE"), key(number), bytes("0"), bytes("-1"), bytes("WITHSCORES"));
    };
  }

  /** Compares the value of a key with what it must be. */
  void check(int number, Object reply) {
    SeededBytes random = random(number);
    boolean equal =
        switch (type(number)) {
          case STRING -> reply instanceof byte[] got && Arrays.equals(got, string(number, random));
          case HASH -> same(inPairs(reply), inPairs(hash(random)));
          case LIST -> same(reply, list(random));
          case SET -> same(sorted(reply), sorted(set(random)));
          case ZSET -> same(byScore(inPairs(swapped(zset(random)))), reply);
        };
    if (!equal) {
      throw new AssertionError(
          "key:"
              + number
              + " ("
              + type(number)
              + ", generation "
              + generation[number]
              + ") is wrong");
    }
  }

  /** Sizes from 1 byte to 1 MiB, as many in each octave; the tiny ones below 64. */
  private static byte[] string(int number, SeededBytes random) {
    int size =
        number < TINY
            ? 1 + random.below(64)
            : (int) Math.min(MAX_STRING, Math.pow(2, random.below(2000) / 100.0) + random.below(8));
    return random.bytes(size);
  }

  private static List<byte[]> hash(SeededBytes random) {
    int fields = 1 + random.below(200);
    List<byte[]> content = new ArrayList<>();
    for (int i = 0; i < fields; i++) {
      content.add(bytes("field" + i));
      content.add(random.bytes(1 + random.below(200)));
    }
    return content;
  }

  private static List<byte[]> list(SeededBytes random) {
    int items = 1 + random.below(500);
    List<byte[]> content = new ArrayList<>();
    for (int i = 0; i < items; i++) {
      content.add(random.bytes(1 + random.below(100)));
    }
    return content;
  }

  /** Half of them sets of numbers, which redis keeps in an array of integers. */
  private static List<byte[]> set(SeededBytes random) {
    boolean numbers = random.below(2) == 0;
    int members = 1 + random.below(500);
    List<byte[]> content = new ArrayList<>();
    for (int i = 0; i < members; i++) {
      String number = Integer.toString(i * 1000 + random.below(1000));
      content.add(bytes(numbers ? number : "member-" + number));
    }
    return content;
  }

  private static List<byte[]> zset(SeededBytes random) {
    int members = 1 + random.below(300);
    List<byte[]> content = new ArrayList<>();
    for (int i = 0; i < members; i++) {
      content.add(bytes(Integer.toString(random.below(1_000_000))));
      content.add(bytes("member-" + i));
    }
    return content;
  }

  private static boolean same(Object a, Object b) {
    if (a instanceof byte[] left && b instanceof byte[] right) {
      return Arrays.equals(left, right);
    }
    if (a instanceof List<?> left && b instanceof List<?> right && left.size() == right.size()) {
      for (int i = 0; i < left.size(); i++) {
        if (!same(left.get(i), right.get(i))) {
          return false;
        }
      }
      return true;
    }
    return false;
  }

  private static List<byte[]> sorted(Object list) {
    List<byte[]> sorted = new ArrayList<>();
    for (Object item : (List<?>) list) {
      sorted.add((byte[]) item);
    }
    sorted.sort(Arrays::compare);
    return sorted;
  }

  /** Names and values, by name; redis gives hashes in any order. */
  private static List<byte[]> inPairs(Object list) {
    TreeMap<byte[], byte[]> pairs = new TreeMap<>(Arrays::compare);
    List<?> items = (List<?>) list;
    for (int i = 0; i + 1 < items.size(); i += 2) {
      pairs.put((byte[]) items.get(i), (byte[]) items.get(i + 1));
    }
    List<byte[]> flat = new ArrayList<>();
    pairs.forEach((name, value) -> flat.addAll(List.of(name, value)));
    return flat;
  }

  private static List<byte[]> swapped(List<byte[]> pairs) {
    List<byte[]> swapped = new ArrayList<>();
    for (int i = 0; i < pairs.size(); i += 2) {
      swapped.addAll(List.of(pairs.get(i + 1), pairs.get(i)));
    }
    return swapped;
  }

  /** Member and score pairs in redis' order: by score, then by member. */
  private static List<byte[]> byScore(List<byte[]> pairs) {
    List<byte[][]> entries = new ArrayList<>();
    for (int i = 0; i < pairs.size(); i += 2) {
      entries.add(new byte[][] {pairs.get(i), pairs.get(i + 1)});
    }
    entries.sort(
        Comparator.<byte[][]>comparingInt(e -> Integer.parseInt(text(e[1])))
            .thenComparing(e -> e[0], Arrays::compare));
    List<byte[]> flat = new ArrayList<>();
    entries.forEach(e -> flat.addAll(List.of(e)));
    return flat;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.US_ASCII);
  }
}
