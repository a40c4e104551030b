package dev.thaw.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.file.EventFd;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Records as JSON. */
class ImageCodecTest {
  private static final String GOOD =
      """
      {"name": "n", "flag": true, "count": -1, "size": 4294967296, "hex": "0xff", "bytes": "AAE=",
       "state": "STOPPED", "inner": {"numbers": [1, 2]}, "file":
       {"id": 3, "count": "0x2", "kind": "EventFd", "flags": 2, "semaphore": false}}
      """;

  private record Queue(byte[] content) {}

  private record Inner(List<Integer> numbers) {
    Inner {
      if (numbers.contains(666)) {
        throw new IllegalArgumentException("the number 666");
      }
    }
  }

  /** One component of each type that records have. */
  private record Sample(
      String name,
      boolean flag,
      int count,
      long size,
      Addr hex,
      byte[] bytes,
      Manifest.State state,
      Inner inner,
      OpenFile file) {}

  private static Sample read(String json) throws ImageFormatException {
    return ImageCodec.read("sample", json.getBytes(StandardCharsets.UTF_8), Sample.class);
  }

  @Test
  void everyTypeOfComponentIsRead() throws Exception {
    Sample read = read(GOOD);
    assertArrayEquals(new byte[] {0, 1}, read.bytes());
    assertEquals(
        new Sample(
            "n",
            true,
            -1,
            1L << 32,
            Addr.of(255),
            read.bytes(),
            Manifest.State.STOPPED,
            new Inner(List.of(1, 2)),
            new EventFd(3, 2, Addr.of(2), false)),
        read);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"name\": \"n\", -->  --> name: is missing",
        "\"n\" --> null --> null",
        "\"n\" --> 1 --> name: is not a text",
        "true --> \"true\" --> flag: is not true or false",
        "true --> 1 --> flag: is not true or false",
        "-1 --> -1.0 --> -1.0",
        "-1 --> \"-1\" --> count: is not an integer",
        "-1 --> true --> count: is not an integer",
        "-1 --> 2147483648 --> count: 2147483648 does not fit into 32 bits",
        "4294967296 --> 9223372036854775808 --> more than 64 bits",
        "4294967296 --> 4e9 --> 4e9",
        "0xff --> 0x0ff --> hex: address that is not written as 0xff",
        "0xff --> ff --> hex: address without 0x",
        "\"0xff\" --> {\"value\": 255} --> hex: is not a text",
        "AAE= --> AAE --> bytes: base64 without padding",
        "AAE= --> A?E= --> bytes: Illegal base64 character",
        "AAE= --> AA E= --> bytes: ",
        "STOPPED --> stopped --> state: there is no State stopped",
        "\"STOPPED\" --> 1 --> state: is not a text",
        "{\"numbers\": [1, 2]} --> [1, 2] --> inner: is not an object",
        "{\"numbers\": [1, 2]} --> \"[1, 2]\" --> inner: is not an object",
        "[1, 2] --> {} --> inner.numbers: is not a list",
        "[1, 2] --> [1, \"2\"] --> inner.numbers[1]: is not an integer",
        "[1, 2] --> [1, null] --> null",
        "[1, 2] --> [666] --> inner: the number 666",
        "\"kind\": \"EventFd\", -->  --> file: is not an object with the text \"kind\"",
        "EventFd --> eventfd --> file: unknown kind of file: eventfd",
        "\"semaphore\" --> \"semaphores\" --> file.semaphore: is missing",
        "\"flags\": 2 --> \"flags\": 2, \"more\": 1 --> file.more: there is no such field",
        "\"flags\": 2 --> \"flags\": 2, \"flags\": 2 --> flags",
        "\"count\": -1 --> \"count\": -1, \"kind\": \"EventFd\" --> kind: there is no such field",
        "false}} --> false}}} --> Unexpected close marker",
        "false}} --> false}} 1 --> behind the end",
        "false}} --> false} --> Unexpected end-of-input"
      })
  void whatIsNotExactlyARecordIsRefused(String how) {
    String[] parts = how.split(" ?--> ", -1);
    String bad = GOOD.replace(parts[0], parts[1]);
    assertNotEquals(GOOD, bad);
    String message = assertThrows(ImageFormatException.class, () -> read(bad)).getMessage();
    assertTrue(message.startsWith("sample: ") && message.contains(parts[2]), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "null", "[]", "1", "\"text\""})
  void whatIsNoObjectIsRefused(String text) {
    assertThrows(ImageFormatException.class, () -> read(text));
  }

  /** net.core.rmem_max and fs.pipe-max-size can be set as high as that. */
  @Test
  void aLongQueueIsReadAsItWasWritten() throws Exception {
    byte[] content = new byte[32 << 20];
    new Random(1).nextBytes(content);
    Queue read = ImageCodec.read("queue", ImageCodec.write(new Queue(content)), Queue.class);
    assertArrayEquals(content, read.content());
  }

  @ParameterizedTest
  @CsvSource({
    "manifest.json, dev.thaw.image.Manifest",
    "files.json, dev.thaw.image.Files",
    "process-4000.json, dev.thaw.image.ProcessImage"
  })
  void theGoldenRecordsAreWrittenAsTheyWereRead(String name, Class<?> type) throws Exception {
    byte[] golden = Files.readAllBytes(Path.of("images/golden-1", name));
    Object record = ImageCodec.read(name, golden, type);
    assertEquals(
        new String(golden, StandardCharsets.UTF_8),
        new String(ImageCodec.write(record), StandardCharsets.UTF_8));
  }
}
