package dev.thaw.daemon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class DaemonProtocolTest {
  private static final Path HEADER = Path.of("native/include/thaw_daemon_proto.h");

  private static String inHeader(String name) throws Exception {
    Matcher found =
        Pattern.compile("THAW_DAEMON_" + name + "\\s*=?\\s*\"?([\\w/.]+?)u?\"?[,\\s]")
            .matcher(Files.readString(HEADER));
    while (found.find()) {
      if (!found.group(1).isEmpty()) {
        return found.group(1);
      }
    }
    throw new AssertionError(HEADER + " has no " + name);
  }

  @Test
  void theHeaderHasTheSameNumbers() throws Exception {
    assertEquals(DaemonMessage.VERSION, Integer.parseInt(inHeader("VERSION")));
    assertEquals(
        DaemonMessage.MAX_BYTES - DaemonMessage.HEADER_BYTES,
        Integer.parseInt(inHeader("MAX_BYTES")));
    assertEquals(DaemonMessage.RUN, Integer.parseInt(inHeader("RUN =")));
    assertEquals(DaemonMessage.SIGNAL, Integer.parseInt(inHeader("SIGNAL =")));
    assertEquals(DaemonMessage.EXIT, Integer.parseInt(inHeader("EXIT =")));
    assertEquals(DaemonMessage.REFUSED, Integer.parseInt(inHeader("REFUSED =")));
    assertEquals(DaemonMessage.TERMINAL, Integer.parseInt(inHeader("TERMINAL ")));
    assertEquals(DaemonMessage.INIT, Integer.parseInt(inHeader("INIT ")));
    assertEquals(Thawd.DEFAULT_SOCKET.toString(), inHeader("SOCKET"));
  }

  @Test
  void aMessageIsWhatItWas() {
    byte[] payload = "/tmp\0verify\0a dir\0\0".getBytes(StandardCharsets.UTF_8);
    DaemonMessage read =
        DaemonMessage.of(new DaemonMessage(DaemonMessage.RUN, 022, 3, payload).toBytes());
    assertEquals(DaemonMessage.RUN, read.type());
    assertEquals(022, read.value());
    assertEquals(3, read.flags());
    assertArrayEquals(payload, read.payload());
    assertEquals(List.of("/tmp", "verify", "a dir", ""), read.words());
  }

  @Test
  void anotherVersionAndACutMessageAreRefused() {
    byte[] bytes = DaemonMessage.exit(3).toBytes();
    ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).putInt(0, DaemonMessage.VERSION + 1);
    assertThrows(IllegalArgumentException.class, () -> DaemonMessage.of(bytes));
    assertThrows(IllegalArgumentException.class, () -> DaemonMessage.of(new byte[7]));
    byte[] cut = java.util.Arrays.copyOf(DaemonMessage.refused("no").toBytes(), 25);
    assertThrows(IllegalArgumentException.class, () -> DaemonMessage.of(cut));
  }
}
