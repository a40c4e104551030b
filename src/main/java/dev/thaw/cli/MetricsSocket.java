package dev.thaw.cli;

import java.io.IOException;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Answers {@code GET /metrics} on a UNIX socket: as much HTTP/1.1 as a scraper needs, one request a
 * connection, one connection at a time. The socket's mode is 0600; {@link #close} removes it. Not
 * thread safe.
 */
final class MetricsSocket implements AutoCloseable {
  private static final int MAX_HEAD_BYTES = 8192;

  /** How long a client may take to ask, and to take the answer. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Path path;
  private final Supplier<String> metrics;
  private final ServerSocketChannel server;
  private final Selector selector;

  private MetricsSocket(
      Path path, Supplier<String> metrics, ServerSocketChannel server, Selector selector) {
    this.path = path;
    this.metrics = metrics;
    this.server = server;
    this.selector = selector;
  }

  /**
   * Makes the socket. One that nobody listens on any more is replaced.
   *
   * @param metrics the body of an answer, of now
   */
  static MetricsSocket open(Path path, Supplier<String> metrics) throws IOException {
    removeAbandoned(path);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(path));
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
      path.toFile().deleteOnExit(); // SIGTERM is the usual end
      server.configureBlocking(false);
      Selector selector = Selector.open();
      server.register(selector, SelectionKey.OP_ACCEPT);
      return new MetricsSocket(path, metrics, server, selector);
    } catch (BindException e) {
      server.close();
      throw new IOException(
          path + ": cannot be made: " + e.getMessage() + "; remove it if nobody needs it", e);
    } catch (IOException e) {
      server.close();
      throw new IOException(path + ": cannot be made: " + e.getMessage(), e);
    }
  }

  private static void removeAbandoned(Path path) throws IOException {
    if (!Files.exists(path) || Files.isRegularFile(path) || Files.isDirectory(path)) {
      return; // bind(2) tells what is wrong with it
    }
    try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      probe.connect(UnixDomainSocketAddress.of(path));
      throw new IOException(path + ": another process answers there");
    } catch (java.net.ConnectException e) {
      Files.delete(path);
    }
  }

  /** Answers the next one who comes within {@code time}. */
  void serve(Duration time) throws IOException {
    selector.select(time.toMillis());
    selector.selectedKeys().clear();
    try (SocketChannel client = server.accept()) {
      if (client != null) {
        answer(client);
      }
    } catch (IOException e) {
      if (!server.isOpen()) {
        throw e;
      }
      // The client has gone, or was too slow: its own matter.
    }
  }

  private void answer(SocketChannel client) throws IOException {
    client.configureBlocking(false);
    try (Selector patience = Selector.open()) {
      SelectionKey key = client.register(patience, SelectionKey.OP_READ);
      long end = System.nanoTime() + PATIENCE.toNanos();
      String head = readHead(client, patience, end);
      ByteBuffer out = ByteBuffer.wrap(answerTo(head).getBytes(StandardCharsets.UTF_8));
      key.interestOps(SelectionKey.OP_WRITE);
      while (out.hasRemaining()) {
        if (client.write(out) == 0) {
          await(patience, end);
        }
      }
    }
  }

  private static String readHead(SocketChannel client, Selector patience, long end)
      throws IOException {
    ByteBuffer in = ByteBuffer.allocate(MAX_HEAD_BYTES);
    while (in.hasRemaining()) {
      int count = client.read(in);
      String head = new String(in.array(), 0, in.position(), StandardCharsets.ISO_8859_1);
      if (count < 0 || head.contains("\r\n\r\n") || head.contains("\n\n")) {
        return head;
      }
      if (count == 0) {
        await(patience, end);
      }
    }
    return "";
  }

  private static void await(Selector patience, long end) throws IOException {
    long left = (end - System.nanoTime()) / 1_000_000;
    if (left <= 0) {
      throw new IOException("too slow");
    }
    patience.select(left);
    patience.selectedKeys().clear();
  }

  /** Status line, headers and body. */
  private String answerTo(String head) {
    String[] request = head.lines().findFirst().orElse("").split(" ");
    if (request.length != 3 || !request[2].startsWith("HTTP/1.")) {
      return response("400 Bad Request", "text/plain", "not HTTP/1\n", true);
    }
    boolean get = request[0].equals("GET");
    if (!get && !request[0].equals("HEAD")) {
      return response(
          "405 Method Not Allowed\r\nAllow: GET, HEAD", "text/plain", "GET only\n", true);
    }
    if (!request[1].equals("/metrics") && !request[1].startsWith("/metrics?")) {
      return response("404 Not Found", "text/plain", "see /metrics\n", get);
    }
    return response("200 OK", PrometheusText.CONTENT_TYPE, metrics.get(), get);
  }

  private static String response(String status, String type, String body, boolean withBody) {
    return "HTTP/1.1 "
        + status
        + "\r\nContent-Type: "
        + type
        + "\r\nContent-Length: "
        + body.getBytes(StandardCharsets.UTF_8).length
        + "\r\nConnection: close\r\n\r\n"
        + (withBody ? body : "");
  }

  @Override
  public void close() throws IOException {
    selector.close();
    server.close();
    Files.deleteIfExists(path);
  }
}
