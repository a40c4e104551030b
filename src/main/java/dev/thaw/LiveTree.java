package dev.thaw;

import dev.thaw.image.ProcessImage;
import dev.thaw.linux.Errno;
import dev.thaw.linux.PidFd;
import dev.thaw.linux.StandardStreams;
import dev.thaw.linux.SyscallException;
import dev.thaw.pager.InitConnection;
import dev.thaw.restore.LoadedCheckpoint;
import dev.thaw.restore.MemoryMode;
import dev.thaw.restore.Restore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The tree that {@link Checkpoint#restore} brought back. */
final class LiveTree implements RestoredTree {
  private static final long LOOK_MILLIS = 100;

  private final Path directory;
  private final Optional<Path> pidfile;
  private final Restore restore;
  private final TreeKeeper keeper;
  private final InitConnection init;
  private final Optional<PidFd> root; // empty: it has ended already
  private final Duration timeToResume;
  private boolean longLived;
  private boolean ownsKeeper;

  private LiveTree(
      Path directory,
      Optional<Path> pidfile,
      Restore restore,
      TreeKeeper keeper,
      Duration timeToResume) {
    this.directory = directory;
    this.pidfile = pidfile;
    this.restore = restore;
    this.keeper = keeper;
    this.init = keeper.connection();
    this.root = root(restore.hostPid());
    this.timeToResume = timeToResume;
  }

  private static Optional<PidFd> root(int pid) {
    try {
      return Optional.of(PidFd.open(pid));
    } catch (SyscallException e) {
      return Optional.empty();
    }
  }

  /** A way to make a tree under a thaw-init. */
  interface Making {
    RestoredTree under(TreeKeeper keeper) throws IOException;
  }

  /** Makes a tree under a thaw-init of its own, announced, while its memory is being filled. */
  static RestoredTree start(KeeperOptions options, Making making) throws IOException {
    TreeKeeper keeper = TreeKeeper.start(options);
    LiveTree tree = null;
    try {
      tree = (LiveTree) making.under(keeper);
      tree.announce();
      tree.ownsKeeper = true;
      tree.restore.pager().fillAll();
      return tree;
    } catch (IOException | RuntimeException e) {
      if (tree != null) {
        tree.close();
      }
      keeper.close();
      throw e;
    }
  }

  static LiveTree restore(RestoreOptions options, TreeKeeper keeper) throws IOException {
    if (options.record().isPresent()) {
      TreeRecording.requireWritable(options.directory());
    }
    LiveTree tree;
    Ticker ticker = new Ticker(options.progress(), "restoring");
    try {
      tree =
          restore(
              new Restore.Options(
                  options.directory(),
                  mode(options),
                  options.acceptChangedFiles(),
                  options.acceptOtherCpu(),
                  touches(options)),
              options.pidfile(),
              Optional.empty(),
              keeper);
    } finally {
      ticker.close();
    }
    tree.longLived = options.record().isPresent() && options.detach() && keeper.isParent();
    return tree;
  }

  static Restore.Touches touches(RestoreOptions options) {
    return new Restore.Touches(
        options.workingSet(),
        options.record().isPresent(),
        options.record().flatMap(RecordOptions::limit));
  }

  static LiveTree restore(
      Restore.Options options,
      Optional<Path> pidfile,
      Optional<LoadedCheckpoint> loaded,
      TreeKeeper keeper)
      throws IOException {
    long begun = System.nanoTime();
    if (pidfile.isPresent()) {
      requireWritable(pidfile.get());
    }
    InitConnection init = keeper.connection();
    Restore restore =
        loaded.isPresent() ? Restore.run(options, loaded.get(), init) : Restore.run(options, init);
    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    return new LiveTree(options.directory(), pidfile, restore, keeper, took);
  }

  /** Nobody would want the tree to run before this turns out. */
  private static void requireWritable(Path pidfile) throws ThawException {
    Path directory = pidfile.toAbsolutePath().getParent();
    String what = "--pidfile " + pidfile + ": ";
    if (Files.isDirectory(pidfile) || directory == null) {
      throw new ThawException(
          ThawException.Kind.REFUSED, what + "is a directory; name a file", null);
    }
    if (!Files.isDirectory(directory)) {
      throw new ThawException(
          ThawException.Kind.REFUSED,
          what + "there is no directory " + directory + "; make it",
          null);
    }
    if (!Files.isWritable(directory)) {
      throw new ThawException(
          ThawException.Kind.NOT_ALLOWED,
          what + directory + " can not be written; choose another",
          null);
    }
  }

  private static MemoryMode mode(RestoreOptions options) {
    if (options.eager()) {
      return MemoryMode.EAGER;
    }
    return switch (options.privateMemory()) {
      case GRADUATE -> MemoryMode.GRADUATE;
      case SHARE -> MemoryMode.SHARE;
      case EXACT -> MemoryMode.EXACT;
    };
  }

  @Override
  public int rootPid() {
    return restore.hostPid();
  }

  @Override
  public int processCount() {
    return restore.images().manifest().processes().size();
  }

  @Override
  public int threadCount() {
    return restore.images().processes().stream().mapToInt(p -> p.threads().size()).sum();
  }

  @Override
  public long pageCount() {
    long pages = 0;
    for (ProcessImage process : restore.images().processes()) {
      pages +=
          restore.images().pagemap(ProcessImage.pagemapName(process.pid())).statistics().stored();
    }
    return pages;
  }

  @Override
  public Duration timeToResume() {
    return timeToResume;
  }

  @Override
  public void announce() throws IOException {
    if (pidfile.isPresent()) {
      init.root(rootPid()); // who sees the file may signal the launcher at once
      Path partial = Path.of(pidfile.get() + ".partial");
      try {
        Files.writeString(partial, rootPid() + "\n");
        Files.move(partial, pidfile.get(), StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        Files.deleteIfExists(partial);
        throw e;
      }
    }
    init.running(
        restore.innerPid(),
        restore.hostPid(),
        FillerCommand.of(directory, restore.images().checksum()));
    if (longLived) {
      StandardStreams.letGo(); // a recording may last for hours
    }
  }

  @Override
  public Map<String, Duration> stages() {
    return restore.stages();
  }

  @Override
  public List<String> warnings() {
    return restore.warnings();
  }

  @Override
  public Optional<RecordingReport> awaitFilled() throws IOException {
    CompletableFuture<Void> filled = restore.pager().fillAll();
    Optional<RecordingReport> recorded = Optional.empty();
    IOException failure = null;
    if (restore.records()) {
      try {
        recorded = TreeRecording.awaitAndWrite(restore.pager().recorder());
      } catch (IOException e) {
        failure = e; // the tree needs its memory all the same
      }
    }
    if (recorded.isPresent() && recorded.get().end().equals("gone")) {
      return recorded; // nobody is left to fill for
    }
    await(filled);
    if (failure != null) {
      throw failure;
    }
    return recorded;
  }

  private void await(CompletableFuture<Void> filled) throws IOException {
    while (!filled.isDone() && init.isConnected()) {
      try {
        filled.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException stillFilling) {
        // look whether the tree is still there
      } catch (ExecutionException e) {
        throw new IOException(e.getCause().getMessage(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return; // thaw-init starts another filler
      }
    }
  }

  @Override
  public void signal(int signal) throws IOException {
    try {
      root.orElseThrow(() -> gone(null)).send(signal);
    } catch (SyscallException e) {
      throw e.errno() == Errno.ESRCH ? gone(e) : e;
    }
  }

  private ThawException gone(IOException cause) {
    String what = "pid " + rootPid() + ": the root of the restored tree has ended";
    return new ThawException(ThawException.Kind.GONE, what, cause);
  }

  @Override
  public Optional<ExitStatus> exitStatus() {
    return keeper.child().exitStatus();
  }

  @Override
  public ExitStatus awaitExit() throws IOException, InterruptedException {
    return keeper.child().awaitExit();
  }

  @Override
  public void close() {
    root.ifPresent(PidFd::close);
    restore.close();
    if (ownsKeeper) {
      keeper.close();
    }
  }
}
