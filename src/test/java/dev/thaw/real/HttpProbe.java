package dev.thaw.real;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** Asks a service under test, one connection a question. */
final class HttpProbe {
  private static final int TIMEOUT_MILLIS = 60_000;
  private final int port;

  HttpProbe(int port) {
    this.port = port;
  }

  /** The answer's body. */
  String get(String path) throws IOException {
    return exchange("GET", path, null);
  }

  /** Sends a body, and returns the answer's. */
  String post(String path, String body) throws IOException {
    return exchange("POST", path, body);
  }

  private String exchange(String method, String path, String body) throws IOException {
    var connection =
        (HttpURLConnection) URI.create("http://127.0.0.1:" + port + path).toURL().openConnection();
    connection.setConnectTimeout(TIMEOUT_MILLIS);
    connection.setReadTimeout(TIMEOUT_MILLIS);
    connection.setRequestMethod(method);
    connection.setRequestProperty("Connection", "close");
    if (body != null) {
      connection.setDoOutput(true);
      connection.getOutputStream().write(body.getBytes(StandardCharsets.US_ASCII));
    }
    try (var in = connection.getInputStream()) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII).strip();
    } finally {
      connection.disconnect();
    }
  }
}
