package dev.thaw.real;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;

/**
 * A connection to redis, as small as the tests need it: RESP2, pipelined, one thread.
 *
 * <p>Replies are {@code byte[]} (bulk), {@code String} (status), {@code Long}, {@code List} or
 * null. An error reply is an {@link IOException}. A reply that does not come within the time limit
 * is a {@link java.net.SocketTimeoutException}: the tests' way to see a hang.
 */
final class RespClient implements AutoCloseable {
  private static final int TIMEOUT_MILLIS = 60_000;

  /** Bytes and commands in flight before replies are read; redis never blocks on writing them. */
  private static final int WINDOW_COMMANDS = 512;

  private static final int BUFFER = 1 << 16;

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;

  RespClient(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(TIMEOUT_MILLIS);
    socket.setTcpNoDelay(true);
    in = new BufferedInputStream(socket.getInputStream(), BUFFER);
    out = new BufferedOutputStream(socket.getOutputStream(), BUFFER);
  }

  /** One command with its reply. */
  Object call(String... words) throws IOException {
    List<byte[]> command = new ArrayList<>();
    for (String word : words) {
      command.add(word.getBytes(StandardCharsets.US_ASCII));
    }
    return call(command);
  }

  /** One command with its reply. */
  Object call(List<byte[]> command) throws IOException {
    send(command);
    out.flush();
    return receive();
  }

  /** A command whose reply is text, such as INFO. */
  String text(String... words) throws IOException {
    return call(words) instanceof byte[] bytes ? new String(bytes, StandardCharsets.US_ASCII) : "";
  }

  /** What {@link #pipeline} hands over; {@code reply} belongs to {@code request}. */
  interface Answer<T> {
    void accept(T request, Object reply) throws IOException;
  }

  /** What makes a command of a request. */
  interface Ask<T> {
    List<byte[]> command(T request);
  }

  /** Sends all requests with several in flight, and hands over each reply in order. */
  <T> void pipeline(Iterator<T> requests, Ask<T> ask, Answer<T> answer) throws IOException {
    Queue<T> inFlight = new ArrayDeque<>();
    while (requests.hasNext()) {
      T request = requests.next();
      send(ask.command(request));
      inFlight.add(request);
      if (inFlight.size() == WINDOW_COMMANDS) {
        out.flush();
        while (inFlight.size() > WINDOW_COMMANDS / 2) {
          answer.accept(inFlight.remove(), receive());
        }
      }
    }
    out.flush();
    while (!inFlight.isEmpty()) {
      answer.accept(inFlight.remove(), receive());
    }
  }

  private void send(List<byte[]> words) throws IOException {
    header('*', words.size());
    for (byte[] word : words) {
      header('$', word.length);
      out.write(word);
      out.write('\r');
      out.write('\n');
    }
  }

  private void header(char kind, int number) throws IOException {
    out.write(kind);
    out.write(Integer.toString(number).getBytes(StandardCharsets.US_ASCII));
    out.write('\r');
    out.write('\n');
  }

  private Object receive() throws IOException {
    String line = line();
    String rest = line.substring(1);
    return switch (line.charAt(0)) {
      case '+' -> rest;
      case '-' -> throw new IOException("redis answered: " + rest);
      case ':' -> Long.valueOf(rest);
      case '$' -> bulk(Integer.parseInt(rest));
      case '*' -> array(Integer.parseInt(rest));
      default -> throw new IOException("no reply: " + line);
    };
  }

  private byte[] bulk(int length) throws IOException {
    if (length < 0) {
      return null;
    }
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length || in.read() != '\r' || in.read() != '\n') {
      throw new EOFException("redis ended a value of " + length + " bytes early");
    }
    return bytes;
  }

  private List<Object> array(int count) throws IOException {
    List<Object> items = new ArrayList<>(Math.max(count, 0));
    for (int i = 0; i < count; i++) {
      items.add(receive());
    }
    return items;
  }

  private String line() throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream(16);
    for (int c = in.read(); c != '\r'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("redis closed the connection");
      }
      text.write(c);
    }
    in.read();
    return text.toString(StandardCharsets.US_ASCII);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
