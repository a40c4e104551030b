package dev.thaw;

import dev.thaw.image.ProcessImage;
import dev.thaw.linux.Errno;
import dev.thaw.linux.PidFd;
import dev.thaw.remote.RemoteException;
import dev.thaw.restore.CloneCheck;
import dev.thaw.restore.LoadedCheckpoint;
import dev.thaw.restore.MemoryMode;
import dev.thaw.restore.Restore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A checkpoint that is whole in memory, to be restored from many times: the pages that the clones
 * do not write to exist once. Nobody can write to a template, and it survives its clones as they
 * survive it. Thread safe.
 */
public final class Template implements AutoCloseable {
  private final LoadedCheckpoint loaded;
  private final Instant since = Instant.now();

  /** Held for reading while a clone is made, for writing while the template is closed. */
  private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();

  private boolean closed;

  /** Guarded by this. */
  private final List<PidFd> keepers = new ArrayList<>();

  private int made;

  private Template(LoadedCheckpoint loaded) {
    this.loaded = loaded;
  }

  /**
   * What a template is and has been used for.
   *
   * @param processes of the checkpoint
   * @param memoryBytes what its pages take, once
   * @param clonesMade since it was loaded, restores included
   * @param clonesAlive of these
   */
  public record Stats(
      String directory,
      Instant loaded,
      int processes,
      long memoryBytes,
      int clonesMade,
      int clonesAlive) {}

  /** Reads, checks and fills all of the checkpoint in {@code directory}. */
  public static Template load(Path directory, Progress progress) throws IOException {
    return Failures.explained(
        () ->
            new Template(
                LoadedCheckpoint.load(
                    directory, (pages, total) -> progress.update("loading", pages, total))));
  }

  /** The checkpoint's directory, absolute. */
  public Path directory() {
    return loaded.directory();
  }

  /** Whether {@code directory} is what was loaded, unchanged since. */
  public boolean isOf(Path directory) {
    return loaded.isOf(directory);
  }

  /** The figures of now. */
  public synchronized Stats stats() {
    forgetEnded();
    return new Stats(
        directory().toString(),
        since,
        loaded.images().processes().size(),
        loaded.pageCount() * 4096,
        made,
        keepers.size());
  }

  /** Whether a restore with these options can take its memory from here. */
  public static boolean serves(RestoreOptions options) {
    return !options.eager() && options.privateMemory() != PrivateMemory.EXACT;
  }

  /**
   * {@link Checkpoint#restore} without a page to wait for.
   *
   * @param options such that {@link #serves} says yes
   */
  public RestoredTree restore(RestoreOptions options, TreeKeeper keeper) throws IOException {
    MemoryMode mode =
        options.privateMemory() == PrivateMemory.SHARE ? MemoryMode.SHARE : MemoryMode.GRADUATE;
    return make(
        new Restore.Options(
            options.directory(),
            mode,
            options.acceptChangedFiles(),
            options.acceptOtherCpu(),
            LiveTree.touches(options)),
        options.pidfile(),
        keeper);
  }

  /** The same, under a thaw-init that becomes a child of this JVM. */
  public RestoredTree restore(RestoreOptions options) throws IOException {
    KeeperOptions where =
        options.detach() ? KeeperOptions.DEFAULTS.withDetach() : KeeperOptions.DEFAULTS;
    return Failures.explained(() -> LiveTree.start(where, keeper -> restore(options, keeper)));
  }

  /**
   * Makes one more tree of it, under a thaw-init that becomes a child of this JVM: with pid and
   * mount namespaces of its own, unless it gets new pids.
   */
  public RestoredTree clone(CloneOptions options) throws IOException {
    KeeperOptions where =
        options.newPids() ? KeeperOptions.DEFAULTS : KeeperOptions.DEFAULTS.withPidNamespace();
    return Failures.explained(() -> LiveTree.start(where, keeper -> clone(options, keeper)));
  }

  /**
   * Makes one more tree of it, under {@code keeper}: in that thaw-init's namespaces.
   *
   * @param keeper stays the caller's
   */
  public RestoredTree clone(CloneOptions options, TreeKeeper keeper) throws IOException {
    List<ProcessImage> processes = loaded.images().processes();
    Optional<String> obstacle =
        CloneCheck.obstacle(loaded.images(), options.newPids(), options.signal());
    if (obstacle.isPresent()) {
      throw new ThawException(
          ThawException.Kind.REFUSED,
          "pid " + processes.get(0).pid() + ": " + obstacle.get(),
          null);
    }
    Optional<Restore.Greeting> greeting =
        options.signal().isPresent()
            ? Optional.of(new Restore.Greeting(options.signal().getAsInt(), number()))
            : Optional.empty();
    try {
      return makeClone(options, greeting, keeper);
    } catch (ThawException e) {
      if (e.getCause() instanceof RemoteException remote
          && Errno.of(remote.errno()) == Errno.EADDRINUSE) {
        throw new ThawException(
            e.kind(),
            e.getMessage() + "; somebody listens there already: clone it with --net-namespace",
            e);
      }
      throw e;
    }
  }

  private RestoredTree makeClone(
      CloneOptions options, Optional<Restore.Greeting> greeting, TreeKeeper keeper)
      throws IOException {
    return make(
        new Restore.Options(
            loaded.directory(),
            MemoryMode.SHARE,
            options.acceptChangedFiles(),
            false,
            options.newPids(),
            greeting,
            Restore.Touches.IGNORED),
        options.pidfile(),
        keeper);
  }

  private synchronized int number() {
    return made;
  }

  private RestoredTree make(Restore.Options options, Optional<Path> pidfile, TreeKeeper keeper)
      throws IOException {
    use.readLock().lock();
    try {
      if (closed) {
        throw new ThawException(ThawException.Kind.FAILED, "the template was unloaded", null);
      }
      RestoredTree tree =
          Failures.explained(() -> LiveTree.restore(options, pidfile, Optional.of(loaded), keeper));
      count(keeper);
      return tree;
    } finally {
      use.readLock().unlock();
    }
  }

  private synchronized void forgetEnded() {
    keepers.removeIf(
        keeper -> {
          boolean ended = keeper.hasEnded();
          if (ended) {
            keeper.close();
          }
          return ended;
        });
  }

  private synchronized void count(TreeKeeper keeper) throws IOException {
    forgetEnded();
    made++;
    keepers.add(keeper.connection().process());
  }

  /** Lets go. Its clones live on, and its memory goes with the last of them. */
  @Override
  public void close() throws IOException {
    use.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        loaded.close();
      }
    } finally {
      use.writeLock().unlock();
    }
    synchronized (this) {
      keepers.forEach(PidFd::close);
      keepers.clear();
    }
  }
}
