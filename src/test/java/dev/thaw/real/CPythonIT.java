package dev.thaw.real;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A CPython web server with threads, timers and an event loop; see {@code real/service.py}. */
@Tag("e2e")
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CPythonIT {
  private static final Path PYTHON = Path.of("/usr/bin/python3");
  private static final int MEBIBYTES = 100;

  /** The chain's counter and digest after it: {@code digest(n) = sha256(digest(n-1) + n)}. */
  private record Chain(int n, String digest) {}

  @TempDir Path directory;

  @Test
  void aServiceGoesOnAfterItsRestore() throws Exception {
    Path checkpoint = directory.resolve("checkpoint");
    Chain before;
    Map<String, Long> ticks;
    try (Target service = start()) {
      progress();
      before = chain();
      ticks = ticks();
      awaitNoConnections(service);
      service.dump(checkpoint);
    }
    try (Target restored = Target.restore(checkpoint)) {
      Chain after = chain();
      assertTrue(after.n() >= before.n(), "the chain went back from " + before + " to " + after);
      assertEquals(digestAt(after.n()), after.digest());
      ticks.forEach((name, count) -> assertTrue(ticks().get(name) >= count, name));
      progress();
      assertTakesWrites();
      assertTrue(restored.isAlive());
    }
  }

  @Test
  void aServiceLeftRunningComesBackAsItWasAtTheDump() throws Exception {
    Path checkpoint = directory.resolve("checkpoint");
    int rowsLater;
    try (Target service = start()) {
      awaitNoConnections(service);
      service.dump(checkpoint, "-R");
      assertTakesWrites();
      progress();
      rowsLater = rows();
    }
    try (Target restored = Target.restore(checkpoint, "--private-memory", "exact")) {
      assertTrue(rows() < rowsLater, "back to the moment of the dump");
      progress();
      awaitNoConnections(restored);
      restored.dump(directory.resolve("again"));
    }
    try (Target again = Target.restore(directory.resolve("again"))) {
      progress();
      assertTakesWrites();
      assertTrue(again.isAlive());
    }
  }

  private Target start() throws IOException {
    if (!Files.isExecutable(PYTHON)) {
      throw new AssertionError("no " + PYTHON + ": apt-get install python3");
    }
    Path script = directory.resolve("service.py");
    try (var source = CPythonIT.class.getResourceAsStream("/real/service.py")) {
      Files.copy(source, script);
    }
    List<String> command =
        List.of(
            PYTHON.toString(),
            script.toString(),
            portFile().toString(),
            Integer.toString(MEBIBYTES));
    Target service = Target.start(directory, command);
    Target.await("the service", () -> Files.exists(portFile()) || !service.isAlive());
    assertTrue(service.isAlive(), read(directory.resolve("err")));
    return service;
  }

  private Path portFile() {
    return directory.resolve("port");
  }

  private int port(int index) {
    return Integer.parseInt(read(portFile()).strip().split(" ")[index]);
  }

  private HttpProbe http() {
    return new HttpProbe(port(0));
  }

  /** Two listeners and both ends of the event loop's socket pair. */
  private static void awaitNoConnections(Target service) {
    Target.await("connections to close", () -> service.sockets() == 4);
  }

  /** Waits until every thread and timer has moved on; then it checks itself. */
  private void progress() throws IOException {
    Map<String, Long> before = ticks();
    Target.await("ticks after " + before, () -> allAbove(before, ticks()));
    String verdict = http().get("/verify");
    assertTrue(verdict.startsWith("ok "), verdict);
    assertEquals(echoOf("over the event loop\n"), echo("over the event loop\n"));
  }

  private static boolean allAbove(Map<String, Long> before, Map<String, Long> now) {
    return before.keySet().stream().allMatch(name -> now.get(name) > before.get(name));
  }

  private Map<String, Long> ticks() {
    try {
      return Arrays.stream(http().get("/ticks").split(" "))
          .map(item -> item.split("="))
          .collect(Collectors.toMap(item -> item[0], item -> Long.valueOf(item[1])));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Chain chain() throws IOException {
    String[] words = http().get("/chain").split(" ");
    return new Chain(Integer.parseInt(words[0]), words[1]);
  }

  private static String digestAt(int n) {
    byte[] digest = {};
    for (int i = 1; i <= n; i++) {
      digest = sha256(digest, Integer.toString(i));
    }
    return HexFormat.of().formatHex(digest);
  }

  private void assertTakesWrites() throws IOException {
    int rows = rows();
    http().post("/rows", "500");
    assertTrue(rows() >= rows + 500);
    int k = rows + 499;
    assertEquals(HexFormat.of().formatHex(sha256(new byte[0], "row" + k)), http().get("/row/" + k));
  }

  private int rows() throws IOException {
    String verdict = http().get("/verify");
    assertTrue(verdict.startsWith("ok "), verdict);
    return Integer.parseInt(verdict.replaceAll(".*rows=(\\d+).*", "$1"));
  }

  /** What the service's event loop answers to a line. */
  private String echo(String line) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(1))) {
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write(line.getBytes(StandardCharsets.US_ASCII));
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      socket.getInputStream().transferTo(answer);
      return answer.toString(StandardCharsets.US_ASCII).strip();
    }
  }

  private static String echoOf(String line) {
    return HexFormat.of().formatHex(sha256(new byte[0], line));
  }

  private static byte[] sha256(byte[] head, String tail) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(head);
      return digest.digest(tail.getBytes(StandardCharsets.US_ASCII));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
