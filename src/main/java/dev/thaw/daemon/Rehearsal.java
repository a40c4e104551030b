package dev.thaw.daemon;

import dev.thaw.Checkpoint;
import dev.thaw.DumpOptions;
import dev.thaw.KeeperOptions;
import dev.thaw.TreeKeeper;
import dev.thaw.linux.NativeFiles;
import dev.thaw.linux.SpawnedProcess;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * Dumps a small tree of thawd's own ({@code native/rehearsal}) and restores it over and over,
 * before anybody asks for something: a JVM takes a multiple of the time for what it has not
 * compiled. Gives way to every command, and gives up where it cannot be had.
 */
final class Rehearsal implements Runnable {
  private static final System.Logger LOG = System.getLogger(Rehearsal.class.getName());
  private static final String NAME = "rehearsal";

  /** After so many, another one is no faster than the one before. */
  private static final int ROUNDS = 60;

  private static final Duration PAUSE = Duration.ofMillis(20);

  /** A round takes a tenth of it, also where nothing is compiled yet. */
  private static final Duration LAST_ROUND = Duration.ofSeconds(3);

  private static final int SIGKILL = 9;

  private final Commands commands;
  private final BooleanSupplier busy;
  private final Path home;
  private volatile boolean ended;
  private volatile Thread thread;

  /**
   * One to be run by a thread that lives as long as thawd.
   *
   * @param busy whether a command is running
   * @param home a directory to be made for it; what one before has left there is removed
   */
  Rehearsal(Commands commands, BooleanSupplier busy, Path home) {
    this.commands = commands;
    this.busy = busy;
    this.home = home;
  }

  /**
   * Ends it, and takes away what it has made: after the round that it is in, which would make
   * something anew.
   */
  void end() {
    ended = true;
    try {
      Thread rehearsing = thread;
      if (rehearsing != null) {
        rehearsing.join(LAST_ROUND.toMillis());
      }
      remove();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException | UncheckedIOException e) {
      LOG.log(System.Logger.Level.DEBUG, "left behind: " + home, e);
    }
  }

  @Override
  public void run() {
    thread = Thread.currentThread(); // before the look at what end() says before its look at this
    if (ended) {
      return;
    }
    try {
      remove();
      Files.createDirectory(home);
      try {
        rehearse(home.resolve("checkpoint"));
      } finally {
        remove();
      }
    } catch (IOException | RuntimeException e) {
      LOG.log(System.Logger.Level.DEBUG, "no rehearsal", e);
    }
  }

  private void rehearse(Path checkpoint) throws IOException {
    UnixSocket[] pair = UnixSocket.pair();
    try (UnixSocket ours = pair[0];
        SpawnedProcess program = start(pair[1])) {
      UnixSocket.Message ready = ours.receive(16);
      if (ready == null) {
        return;
      }
      int pid = Integer.parseInt(new String(ready.bytes(), StandardCharsets.US_ASCII));
      Checkpoint.dump(DumpOptions.of(pid, checkpoint));
      program.await();
    }
    Templates loaded = new Templates();
    Templates none = new Templates();
    run(loaded, Optional.empty(), "load", checkpoint.toString(), "--name", NAME);
    String pidfile = home.resolve("pid").toString();
    String directory = checkpoint.toString();
    for (int round = 0; round < ROUNDS && !ended; round++) {
      while (busy.getAsBoolean() && !ended) {
        LockSupport.parkNanos(PAUSE.toNanos());
      }
      switch (round % 4) {
        case 0 -> restore(pidfile, loaded, "restore", "-D", directory);
        case 1 -> restore(pidfile, none, "restore", "-D", directory);
        default -> restore(pidfile, loaded, "clone", NAME);
      }
    }
    run(loaded, Optional.empty(), "unload", NAME);
  }

  private static SpawnedProcess start(UnixSocket theirs) throws IOException {
    try (theirs) {
      return SpawnedProcess.start(
          List.of(NativeFiles.find("thaw-rehearsal").toString()), List.of(theirs));
    }
  }

  /** Makes a tree in a pid namespace of its own, and ends it. */
  private void restore(String pidfile, Templates templates, String... command) throws IOException {
    KeeperOptions options = KeeperOptions.DEFAULTS.withDetach().withPidNamespace();
    try (TreeKeeper keeper = TreeKeeper.start(options)) {
      String[] words =
          Stream.concat(Stream.of(command), Stream.of("-d", "--pidfile", pidfile))
              .toArray(String[]::new);
      if (run(templates, Optional.of(keeper), words) != 0) {
        throw new IOException("the rehearsal of " + command[0] + " failed");
      }
      int pid = Integer.parseInt(Files.readString(Path.of(pidfile)).strip());
      SpawnedProcess.kill(pid, SIGKILL);
    }
  }

  private int run(Templates templates, Optional<TreeKeeper> keeper, String... words) {
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    int self = (int) ProcessHandle.current().pid();
    Optional<Templates> theirs = Optional.of(templates);
    return commands.run(
        new Caller(nowhere, nowhere, Path.of("/"), false, self, keeper, () -> {}, theirs), words);
  }

  private synchronized void remove() throws IOException {
    if (!Files.exists(home)) {
      return;
    }
    try (Stream<Path> files = Files.walk(home)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
