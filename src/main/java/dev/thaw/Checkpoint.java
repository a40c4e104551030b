package dev.thaw;

import dev.thaw.dump.Dump;
import dev.thaw.pager.InitConnection;
import dev.thaw.pager.PagerSession;
import dev.thaw.report.Report;
import dev.thaw.restore.WarmUp;
import dev.thaw.store.CheckpointDir;
import dev.thaw.store.PageStore;
import dev.thaw.store.StoreOptimizer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/** Dumps, restores and looks into checkpoints. Every method throws {@link ThawException}. */
public final class Checkpoint {

  private Checkpoint() {}

  /**
   * Dumps the tree of {@code options.pid()}. After a failure the tree runs on as it was. Its root
   * cannot be a child of this JVM, which waits for each of those in a thread of its own: a
   * java.lang.Process takes the first stop for the end.
   */
  public static DumpReport dump(DumpOptions options) throws IOException {
    return Failures.explained(
        () -> {
          DumpingJvm.require(options.pid());
          long begun = System.nanoTime();
          Dump.Summary done;
          try (Ticker ticker = new Ticker(options.progress(), "looking")) {
            done =
                Dump.run(
                    new Dump.Options(
                        options.pid(),
                        options.directory(),
                        options.leaveRunning(),
                        options.tcpClose(),
                        version(),
                        options.freezeTimeout(),
                        options.callerPid()),
                    ticker);
          }
          return new DumpReport(
              done.processes(),
              done.threads(),
              done.pages().pages().seen(),
              done.pages().pages().zero(),
              done.pages().pages().duplicate(),
              done.pages().storedBytes(),
              done.frozen(),
              Duration.ofNanos(System.nanoTime() - begun));
        });
  }

  /**
   * Has what the first dump or restore of a JVM would wait for done in the background, while it is
   * not known yet of what. May be left out.
   */
  public static void warmUp() {
    WarmUp.begin();
  }

  /**
   * Restores a tree and returns once it runs, under a thaw-init that becomes a child of this JVM.
   * Its memory is filled in the background. After a failure nothing of the tree is left.
   */
  public static RestoredTree restore(RestoreOptions options) throws IOException {
    KeeperOptions where =
        options.detach() ? KeeperOptions.DEFAULTS.withDetach() : KeeperOptions.DEFAULTS;
    return Failures.explained(
        () -> LiveTree.start(where, keeper -> LiveTree.restore(options, keeper)));
  }

  /**
   * Restores a tree under a given thaw-init and returns once it runs. It is to be announced, and
   * filled: {@link RestoredTree#announce}, {@link RestoredTree#awaitFilled}.
   *
   * @param keeper stays the caller's; to be closed after the tree, or to undo a failure
   */
  public static RestoredTree restore(RestoreOptions options, TreeKeeper keeper) throws IOException {
    return Failures.explained(() -> LiveTree.restore(options, keeper));
  }

  /**
   * Goes on filling the memory of a tree whose restoring JVM has died; returns when all is there.
   * Works only in a JVM that thaw-init started.
   *
   * @param checksum of the checkpoint that was restored, {@link CheckpointDir#checksum}
   */
  public static void refill(Path directory, int checksum) throws IOException {
    Failures.explained(
        () -> {
          CheckpointDir checkpoint = CheckpointDir.open(directory);
          if (checkpoint.checksum() != checksum) {
            throw new ThawException(
                ThawException.Kind.BAD_IMAGE,
                directory + ": is not the checkpoint any more that the tree was restored from",
                null);
          }
          try (PageStore pages = checkpoint.openPages();
              PagerSession pager = PagerSession.resume(InitConnection.inherited(), pages)) {
            CompletableFuture<Void> filled = pager.fillAll();
            if (pager.recorder().isBegun()) {
              TreeRecording.awaitAndWrite(pager.recorder());
            }
            filled.join();
          }
          return null;
        });
  }

  /**
   * Ends the recording of the tree that {@code pid} belongs to, and has it written beside its
   * checkpoint.
   *
   * @return empty if it had ended, and been written, before
   */
  public static Optional<RecordingReport> mark(int pid) throws IOException {
    return Failures.explained(() -> TreeRecording.mark(pid));
  }

  /**
   * Lays the pages of the checkpoint in {@code directory} out in the order of the recordings beside
   * it. It is the old one or the new one at every instant. A tree whose memory is still being
   * filled from it must not lose its JVM afterwards: {@link #refill} then refuses.
   */
  public static OptimizeReport optimize(Path directory, Progress progress) throws IOException {
    return Failures.explained(
        () -> {
          List<String> warnings = new ArrayList<>();
          StoreOptimizer.Result done =
              StoreOptimizer.run(
                  directory,
                  (frames, all) -> progress.update("laying out pages", frames, all),
                  warnings);
          return new OptimizeReport(
              done.recordings(), done.hotPages(), done.hotBytes(), done.storedBytes(), warnings);
        });
  }

  private static String version() {
    String version = Checkpoint.class.getPackage().getImplementationVersion();
    return version == null ? "unpacked" : version;
  }

  /** What the checkpoint in {@code directory} holds. */
  public static Inspection inspect(Path directory) throws IOException {
    return Failures.explained(() -> Inspector.run(directory));
  }

  /**
   * The restore as the system calls that each process will run, a line each, as strace would print
   * it.
   *
   * <p>Needs no rights but to read the checkpoint, and changes nothing.
   *
   * @param pid only the calls of this process
   */
  public static List<String> plan(Path directory, OptionalInt pid) throws IOException {
    return Failures.explained(() -> Planning.run(directory, pid));
  }

  /** Reads all of the checkpoint in {@code directory} and compares every checksum. */
  public static VerifyReport verify(Path directory, Progress progress) throws IOException {
    return Failures.explained(() -> Verification.run(directory, progress));
  }

  /**
   * A page of HTML about the checkpoint in {@code directory}: what it is, a map of its memory with
   * what recordings say of it, and how long faults took.
   *
   * @param statsFile what {@code thaw stats --json} printed; if none, what the last restore that
   *     recorded has left
   */
  public static String report(Path directory, Optional<Path> statsFile) throws IOException {
    return Failures.explained(() -> Report.of(directory, statsFile));
  }
}
