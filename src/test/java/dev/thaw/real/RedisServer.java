package dev.thaw.real;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A redis-server of ours, with a configuration of its own; not the service of the distribution. */
final class RedisServer implements AutoCloseable {
  private static final Path PROGRAM = Path.of("/usr/bin/redis-server");

  private final Target target;
  private final int port;
  private final long listeners;

  private RedisServer(Target target, int port, long listeners) {
    this.target = target;
    this.port = port;
    this.listeners = listeners;
  }

  /**
   * Starts a server that keeps its files in {@code directory}, and loads {@code dump.rdb} from
   * there.
   */
  static RedisServer start(Path directory) throws IOException {
    if (!Files.isExecutable(PROGRAM)) {
      throw new AssertionError("no " + PROGRAM + ": apt-get install redis-server");
    }
    int port = freePort();
    String configuration =
        """
        bind 127.0.0.1
        port %d
        unixsocket %s/socket
        daemonize no
        save ""
        appendonly no
        dir %s
        dbfilename dump.rdb
        logfile ""
        """
            .formatted(port, directory, directory);
    Path file = Files.writeString(directory.resolve("redis.conf"), configuration);
    Target target = Target.start(directory, List.of(PROGRAM.toString(), file.toString()));
    RedisServer server = new RedisServer(target, port, 2);
    Target.await("redis on port " + port, server::ready);
    server.awaitNoClients();
    return server;
  }

  /** The same server, restored from a checkpoint. */
  RedisServer restored(Path checkpoint, Object... options)
      throws IOException, InterruptedException {
    return new RedisServer(Target.restore(checkpoint, options), port, listeners);
  }

  Target target() {
    return target;
  }

  int port() {
    return port;
  }

  RespClient connect() throws IOException {
    return new RespClient(port);
  }

  /** Waits until redis has closed its side of every connection. */
  void awaitNoClients() {
    Target.await("redis to close connections", () -> target.sockets() == listeners);
  }

  private boolean ready() {
    try (RespClient client = connect()) {
      return "PONG".equals(client.call("PING"));
    } catch (IOException e) {
      if (!target.isAlive()) {
        throw new AssertionError("redis ended", e);
      }
      return false; // not listening yet, or loading
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return any.getLocalPort();
    }
  }

  @Override
  public void close() {
    target.close();
  }
}
