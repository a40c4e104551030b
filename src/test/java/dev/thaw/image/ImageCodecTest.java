package dev.thaw.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Records as JSON. */
class ImageCodecTest {
  private record Queue(byte[] content) {}

  /** net.core.rmem_max and fs.pipe-max-size can be set as high as that. */
  @Test
  void aLongQueueIsReadAsItWasWritten() throws Exception {
    byte[] content = new byte[32 << 20];
    new Random(1).nextBytes(content);
    Queue read = ImageCodec.read("queue", ImageCodec.write(new Queue(content)), Queue.class);
    assertArrayEquals(content, read.content());
  }
}
