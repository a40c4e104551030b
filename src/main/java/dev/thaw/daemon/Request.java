package dev.thaw.daemon;

import dev.thaw.TreeKeeper;
import dev.thaw.linux.Fd;
import dev.thaw.linux.FdOutput;
import dev.thaw.linux.SyscallException;
import dev.thaw.linux.ThisProcess;
import dev.thaw.linux.UnixSocket;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * One connection of a launcher: reads its command, has it run, and ends it where the launcher gets
 * a signal or goes away. Runs on a thread of its own, and the command on another.
 */
final class Request {
  private static final System.Logger LOG = System.getLogger(Request.class.getName());
  private static final int NOT_ALLOWED = 5;
  private static final int FDS = 3;

  private final UnixSocket socket;
  private final Commands commands;
  private final Templates templates;

  /** Guards the two below: an interrupt must not reach what the thread does next. */
  private final Object lock = new Object();

  private Thread working;
  private boolean cancelled;

  /** Takes ownership of the socket. */
  Request(UnixSocket socket, Commands commands, Templates templates) {
    this.socket = socket;
    this.commands = commands;
    this.templates = templates;
  }

  /** Serves the connection to its end. */
  void serve(Executor workers) {
    try (socket) {
      UnixSocket.Peer peer = socket.peer();
      UnixSocket.Message message = socket.receive(DaemonMessage.MAX_BYTES);
      if (message != null) {
        accept(peer, message, workers);
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "a launcher went away", e);
    }
  }

  private void accept(UnixSocket.Peer peer, UnixSocket.Message message, Executor workers)
      throws IOException {
    String refusal = null;
    DaemonMessage run = null;
    if (peer.uid() != ThisProcess.user()) {
      refusal =
          "thawd serves user "
              + ThisProcess.user()
              + " only, not user "
              + peer.uid()
              + "; use thaw --no-daemon, or a thawd of your own (THAWD_SOCKET)";
    } else {
      try {
        run = DaemonMessage.of(message.bytes());
      } catch (IllegalArgumentException e) {
        refusal = e.getMessage();
      }
    }
    boolean init = run != null && (run.flags() & DaemonMessage.INIT) != 0;
    if (run != null && (run.type() != DaemonMessage.RUN || message.fds().size() != FDS + b(init))) {
      refusal = "thawd was sent something else than a command";
    }
    if (refusal != null) {
      message.fds().forEach(Fd::close);
      socket.send(DaemonMessage.refused(refusal).toBytes(), List.of());
      return;
    }
    DaemonMessage command = run;
    CompletableFuture<Void> done =
        CompletableFuture.runAsync(() -> work(peer, command, message.fds()), workers);
    try {
      watch();
    } finally {
      done.join(); // before the socket is closed: its number will be reused
    }
  }

  private static int b(boolean value) {
    return value ? 1 : 0;
  }

  /** Returns when the command has ended, or its launcher has. */
  private void watch() throws IOException {
    UnixSocket.Message message;
    do {
      message = socket.receive(DaemonMessage.MAX_BYTES);
      if (message != null) {
        message.fds().forEach(Fd::close);
      }
      cancel();
    } while (message != null);
  }

  private void cancel() {
    synchronized (lock) {
      cancelled = true;
      if (working != null) {
        working.interrupt();
      }
    }
  }

  private void work(UnixSocket.Peer peer, DaemonMessage run, List<Fd> fds) {
    fds.get(0).close(); // no command reads
    Output out = new Output(fds.get(1));
    Output err = new Output(fds.get(2));
    int code = 1;
    Optional<TreeKeeper> keeper = Optional.empty();
    if (fds.size() > FDS) {
      keeper = Optional.of(TreeKeeper.at(UnixSocket.of(fds.get(FDS))));
    }
    try {
      ThisProcess.ownUmask(run.value());
      List<String> words = run.words();
      Caller caller =
          new Caller(
              out.stream,
              err.stream,
              Path.of(words.get(0)),
              (run.flags() & DaemonMessage.TERMINAL) != 0,
              peer.pid(),
              keeper,
              () -> {
                out.close();
                err.close();
              },
              Optional.of(templates));
      begin(keeper.isEmpty());
      code = commands.run(caller, words.subList(1, words.size()).toArray(String[]::new));
    } catch (SyscallException e) {
      err.stream.println("thaw: " + e.getMessage());
      code = NOT_ALLOWED;
    } finally {
      end();
      keeper.ifPresent(TreeKeeper::close);
      out.close();
      err.close();
      answer(code);
    }
  }

  /**
   * A command that came with a thaw-init is ended through that, by the launcher; once the tree runs
   * the launcher may go, and the command goes on filling.
   */
  private void begin(boolean interruptible) {
    synchronized (lock) {
      working = interruptible ? Thread.currentThread() : null;
      if (cancelled && interruptible) {
        working.interrupt();
      }
    }
  }

  private void end() {
    synchronized (lock) {
      working = null;
      Thread.interrupted();
    }
  }

  private void answer(int code) {
    try {
      socket.send(DaemonMessage.exit(code).toBytes(), List.of());
    } catch (IOException | IllegalStateException e) {
      LOG.log(System.Logger.Level.DEBUG, "the launcher has gone", e);
    }
    socket.endReceiving();
  }

  /** A stream to a descriptor of the launcher; says nothing once the launcher gave up. */
  private final class Output extends OutputStream {
    private final FdOutput to;
    private final PrintStream stream;

    Output(Fd fd) {
      to = new FdOutput(fd);
      stream = new PrintStream(new BufferedOutputStream(this), true);
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      synchronized (lock) {
        if (cancelled) {
          return;
        }
      }
      to.write(bytes, offset, length);
    }

    @Override
    public void close() {
      stream.flush();
      to.close();
    }
  }
}
