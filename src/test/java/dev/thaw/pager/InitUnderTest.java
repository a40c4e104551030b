package dev.thaw.pager;

import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A thaw-init that this JVM drives. Its pager ends with it. */
final class InitUnderTest implements AutoCloseable {
  private final SpawnedProcess process;
  private final InitConnection connection;

  InitUnderTest() throws IOException {
    UnixSocket[] pair = UnixSocket.pair();
    try (UnixSocket theirs = pair[1]) {
      process =
          SpawnedProcess.start(
              List.of(nativeFile("thaw-init"), "--control-fd", "3"), List.of(theirs));
    }
    connection = new InitConnection(pair[0]);
  }

  static String nativeFile(String name) {
    return Path.of(System.getProperty("thaw.native"), name).toString();
  }

  InitConnection connection() {
    return connection;
  }

  int pid() {
    return process.pid();
  }

  @Override
  public void close() throws IOException {
    connection.close();
    process.await(); // it sees the end of the connection
  }
}
