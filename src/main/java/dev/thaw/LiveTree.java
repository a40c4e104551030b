package dev.thaw;

import dev.thaw.image.ProcessImage;
import dev.thaw.pager.InitConnection;
import dev.thaw.restore.MemoryMode;
import dev.thaw.restore.Restore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The tree that {@link Checkpoint#restore} brought back. */
final class LiveTree implements RestoredTree {
  private final RestoreOptions options;
  private final Restore restore;
  private final InitConnection init;
  private final Duration timeToResume;

  private LiveTree(
      RestoreOptions options, Restore restore, InitConnection init, Duration timeToResume) {
    this.options = options;
    this.restore = restore;
    this.init = init;
    this.timeToResume = timeToResume;
  }

  static LiveTree restore(RestoreOptions options) throws IOException {
    long begun = System.nanoTime();
    InitConnection init = InitConnection.inherited();
    Restore restore =
        Restore.run(
            new Restore.Options(options.directory(), mode(options), options.acceptChangedFiles()),
            init);
    return new LiveTree(options, restore, init, Duration.ofNanos(System.nanoTime() - begun));
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
    return restore.images().manifest().rootPid();
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
    Optional<Path> pidfile = options.pidfile();
    if (pidfile.isPresent()) {
      Path partial = Path.of(pidfile.get() + ".partial");
      Files.writeString(partial, rootPid() + "\n");
      Files.move(partial, pidfile.get(), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }
    init.running(rootPid(), refillCommand(options.directory()));
  }

  /** This JVM's own command line, with {@code refill} in the place of the restore. */
  private static List<String> refillCommand(Path directory) {
    ProcessHandle.Info self = ProcessHandle.current().info();
    List<String> command = new ArrayList<>();
    command.add(self.command().orElseThrow());
    for (String argument : self.arguments().orElse(new String[0])) {
      if (argument.equals("restore")) {
        break;
      }
      command.add(argument);
    }
    command.addAll(List.of("refill", "-D", directory.toAbsolutePath().toString()));
    return command;
  }

  @Override
  public void awaitFilled() throws IOException {
    restore.pager().fillAll().join();
  }

  @Override
  public void close() {
    restore.close();
  }
}
