package dev.thaw;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/** Dumps, restores and looks into checkpoints. Every method throws {@link ThawException}. */
public final class Checkpoint {

  private Checkpoint() {}

  /** Dumps the tree of {@code options.pid()}. After a failure the tree runs on as it was. */
  public static DumpReport dump(DumpOptions options) throws IOException {
    throw notYet("dump");
  }

  /**
   * Restores a tree and returns once it runs. Works only in a JVM that thaw-init started. After a
   * failure nothing of the tree is left.
   */
  public static RestoredTree restore(RestoreOptions options) throws IOException {
    throw notYet("restore");
  }

  /** What the checkpoint in {@code directory} holds. */
  public static Inspection inspect(Path directory) throws IOException {
    throw notYet("inspect");
  }

  /**
   * The restore as the system calls that each process will run, a line each, as strace would print
   * it.
   *
   * @param pid only the calls of this process
   */
  public static List<String> plan(Path directory, OptionalInt pid) throws IOException {
    throw notYet("plan");
  }

  /** Reads all of the checkpoint in {@code directory} and compares every checksum. */
  public static VerifyReport verify(Path directory, Progress progress) throws IOException {
    return Verification.run(directory, progress);
  }

  private static ThawException notYet(String what) {
    return new ThawException(ThawException.Kind.FAILED, what + " is not there yet", null);
  }
}
