package dev.thaw.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MetricsSocketTest {
  private static final String BODY = "thaw_filled{tree=\"1\"} 1\n";

  @TempDir Path directory;

  private String ask(String request) throws IOException {
    Path path = directory.resolve("socket");
    try (MetricsSocket socket = MetricsSocket.open(path, () -> BODY);
        SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
      client.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
      socket.serve(Duration.ofSeconds(5));
      return new String(Channels.newInputStream(client).readAllBytes(), StandardCharsets.US_ASCII);
    } finally {
      assertFalse(Files.exists(path));
    }
  }

  @Test
  void aScraperGetsTheMetricsWithTypeAndLength() throws IOException {
    assertEquals(
        "HTTP/1.1 200 OK\r\n"
            + "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
            + "Content-Length: 24\r\n"
            + "Connection: close\r\n\r\n"
            + BODY,
        ask("GET /metrics HTTP/1.1\r\nHost: thaw\r\nAccept: */*\r\n\r\n"));
  }

  @Test
  void headHasTheSameHeadAndNoBody() throws IOException {
    String answer = ask("HEAD /metrics HTTP/1.1\r\nHost: thaw\r\n\r\n");
    assertTrue(answer.contains("Content-Length: 24\r\n") && answer.endsWith("\r\n\r\n"), answer);
  }

  @Test
  void whatIsNotAGetOfTheMetricsIsRefused() throws IOException {
    assertTrue(ask("GET / HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 404 Not Found\r\n"));
    assertTrue(ask("POST /metrics HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 405 Method Not Allowed"));
    assertTrue(ask("hello\r\n\r\n").startsWith("HTTP/1.1 400 Bad Request\r\n"));
  }

  @Test
  void onlyASocketThatNobodyAnswersOnIsReplaced() throws IOException {
    Path path = directory.resolve("socket");
    try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      other.bind(UnixDomainSocketAddress.of(path));
      assertThrows(IOException.class, () -> MetricsSocket.open(path, () -> BODY));
    }
    ask("GET /metrics HTTP/1.0\r\n\r\n");
    Files.writeString(path, "mine");
    assertThrows(IOException.class, () -> MetricsSocket.open(path, () -> BODY));
    assertEquals("mine", Files.readString(path));
  }
}
