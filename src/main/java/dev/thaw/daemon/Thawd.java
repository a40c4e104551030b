package dev.thaw.daemon;

import dev.thaw.linux.SyscallException;
import dev.thaw.linux.ThisProcess;
import dev.thaw.linux.UnixListener;
import dev.thaw.linux.UnixSocket;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The server: accepts launchers of its own user at a socket and runs their commands, each on a
 * thread of its own. What it has restored lives on without it.
 */
public final class Thawd implements AutoCloseable {
  /** Where launchers look; {@code thaw_daemon_proto.h} has the same. */
  public static final Path DEFAULT_SOCKET = Path.of("/run/thaw/thawd.sock");

  private static final int SOCKET_MODE = 0600;
  private static final int MODE_OF_OTHERS = 077;

  private final Path socket;
  private final FileChannel lockFile;
  private final UnixListener listener;
  private final Commands commands;
  private final Templates templates = new Templates();
  private final IdleMemory idle = new IdleMemory();
  private final Rehearsal rehearsal;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(new DaemonThreads("request"));

  private Thawd(Path socket, FileChannel lockFile, UnixListener listener, Commands commands) {
    this.socket = socket;
    this.lockFile = lockFile;
    this.listener = listener;
    this.commands = commands;
    this.rehearsal = new Rehearsal(commands, idle::isBusy, Path.of(socket + ".rehearsal"));
  }

  /**
   * Listens at {@code socket}. What a dead thawd left there is replaced.
   *
   * @throws IOException in one line where another thawd lives there, or others could connect
   */
  public static Thawd at(Path socket, Commands commands) throws IOException {
    try {
      makeDirectory(socket.toAbsolutePath().getParent());
    } catch (FileSystemException e) { // its message is the path, and the reason where there is one
      throw new IOException(
          socket
              + ": its directory cannot be made, for "
              + e.getMessage()
              + "; choose another place with --socket or THAWD_SOCKET",
          e);
    }
    FileChannel lockFile =
        FileChannel.open(
            Path.of(socket + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (!lock(lockFile) || UnixListener.isServed(socket.toString())) {
        throw new IOException(socket + ": another thawd serves there already");
      }
      if (Files.exists(socket, LinkOption.NOFOLLOW_LINKS)
          && !Files.readAttributes(
                  socket,
                  java.nio.file.attribute.BasicFileAttributes.class,
                  LinkOption.NOFOLLOW_LINKS)
              .isOther()) {
        throw new IOException(socket + ": is there, and is no socket");
      }
      Files.deleteIfExists(socket);
      UnixListener listener = UnixListener.bind(socket.toString(), SOCKET_MODE);
      return new Thawd(socket, lockFile, listener, commands);
    } catch (IOException | RuntimeException e) {
      lockFile.close();
      throw e;
    }
  }

  private static boolean lock(FileChannel file) throws IOException {
    try {
      FileLock lock = file.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  /**
   * A directory that others can write to would let them put another socket in the place of ours.
   */
  private static void makeDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory.getParent());
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    if (directory.equals(DEFAULT_SOCKET.getParent())) {
      int mode = (int) Files.getAttribute(directory, "unix:mode");
      int owner = (int) Files.getAttribute(directory, "unix:uid");
      if (owner != ThisProcess.user() || (mode & MODE_OF_OTHERS) != 0) {
        throw new IOException(directory + ": must be yours, with mode 0700");
      }
    }
  }

  /** Has what commands do compiled, in the background. */
  public void rehearse() {
    Runnable work =
        () -> {
          rehearsal.run();
          idle.busy();
          idle.done(); // there is garbage
        };
    new DaemonThreads("rehearsal").newThread(work).start();
  }

  /** Serves until {@link #close}. */
  public void serve() {
    while (true) {
      UnixSocket connection;
      try {
        connection = listener.accept();
      } catch (SyscallException | IllegalStateException e) {
        return; // closed
      }
      idle.busy();
      threads.execute(
          () -> {
            new Request(connection, commands, templates).serve(threads);
            idle.done();
          });
    }
  }

  /** Lets go of whoever started it, and tells that through the inherited descriptor. */
  public static void detach(int readyNumber) throws IOException {
    ThisProcess.detach();
    ThisProcess.ring(readyNumber);
  }

  /** The templates. */
  public Templates templates() {
    return templates;
  }

  /** Takes the socket away, so that no launcher finds it. Trees and clones live on. */
  @Override
  public void close() throws IOException {
    rehearsal.end();
    Files.deleteIfExists(socket);
    lockFile.close();
  }
}
