package dev.thaw;

import dev.thaw.ThawException.Kind;
import dev.thaw.linux.NativeFiles;
import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.SyscallException;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * A thaw-init that is a child of this JVM. A daemon thread hears what it says of its tree, as the
 * launcher does otherwise ({@code native/launcher/supervise.c} has the protocol), and reaps it.
 */
final class InitProcess {
  private static final int MAX_LINE = 128;
  private static final int CONTROL = 3;
  private static final int STATUS = 4;

  private final SpawnedProcess process;
  private final UnixSocket status;
  private final CompletableFuture<ExitStatus> rootEnd = new CompletableFuture<>();

  private InitProcess(SpawnedProcess process, UnixSocket status) {
    this.process = process;
    this.status = status;
    Thread thread = new Thread(this::listen, "thaw-init " + process.pid());
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Starts one.
   *
   * @param control its end of the connection; stays the caller's
   */
  static InitProcess start(KeeperOptions options, UnixSocket control) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(program());
    command.addAll(List.of("--detach", options.detach() ? "1" : "0"));
    command.addAll(List.of("--control-fd", Integer.toString(CONTROL)));
    command.addAll(List.of("--status-fd", Integer.toString(STATUS)));
    UnixSocket[] pair = UnixSocket.pair();
    try (UnixSocket theirs = pair[1]) {
      return new InitProcess(
          SpawnedProcess.start(command, List.of(control, theirs), namespaces(options)), pair[0]);
    } catch (IOException | RuntimeException e) {
      pair[0].close();
      throw e;
    }
  }

  private static String program() throws ThawException {
    try {
      return NativeFiles.find("thaw-init").toString();
    } catch (IllegalStateException e) {
      throw new ThawException(Kind.FAILED, e.getMessage(), e);
    }
  }

  private static long namespaces(KeeperOptions options) {
    return (options.pidNamespace() ? SpawnedProcess.NEW_PIDS | SpawnedProcess.NEW_MOUNTS : 0)
        | (options.netNamespace() ? SpawnedProcess.NEW_NETWORK : 0);
  }

  private void listen() {
    String lost = "thaw-init (pid " + process.pid() + ") was killed before the tree's root ended";
    try (status) {
      UnixSocket.Message message = status.receive(MAX_LINE);
      while (message != null) {
        for (String line : new String(message.bytes(), StandardCharsets.US_ASCII).split("\n")) {
          hear(line, lost);
        }
        message = status.receive(MAX_LINE);
      }
    } catch (SyscallException e) {
      lost = e.getMessage();
    }
    rootEnd.completeExceptionally(new ThawException(Kind.FAILED, unknown(lost), null));
    reap();
  }

  private void hear(String line, String lost) {
    if (line.startsWith("exited ")) {
      rootEnd.complete(ExitStatus.of(Integer.parseInt(line.substring("exited ".length()))));
    } else if (line.startsWith("orphaned ")) {
      rootEnd.completeExceptionally(new ThawException(Kind.FAILED, unknown(lost), null));
      reap(); // another one speaks from here on
    }
  }

  private static String unknown(String why) {
    return why + ": how the root ends will not be known";
  }

  private void reap() {
    try {
      process.await();
    } catch (SyscallException e) {
      // somebody in this JVM waits for every child
    }
  }

  /** How the root has ended; empty while it runs, and where nobody knows. */
  Optional<ExitStatus> exitStatus() {
    return rootEnd.isDone() && !rootEnd.isCompletedExceptionally()
        ? Optional.of(rootEnd.join())
        : Optional.empty();
  }

  /** Waits for the end of the root. */
  ExitStatus awaitExit() throws IOException, InterruptedException {
    try {
      return rootEnd.get();
    } catch (ExecutionException e) {
      ThawException cause = (ThawException) e.getCause();
      throw new ThawException(cause.kind(), cause.getMessage(), e);
    }
  }
}
