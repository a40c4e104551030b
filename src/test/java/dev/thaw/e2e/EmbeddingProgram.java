package dev.thaw.e2e;

import dev.thaw.Checkpoint;
import dev.thaw.CloneOptions;
import dev.thaw.DumpOptions;
import dev.thaw.ExitStatus;
import dev.thaw.KeeperOptions;
import dev.thaw.PrivateMemory;
import dev.thaw.Progress;
import dev.thaw.RecordOptions;
import dev.thaw.RestoreOptions;
import dev.thaw.RestoredTree;
import dev.thaw.Template;
import dev.thaw.ThawException;
import dev.thaw.TreeKeeper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** What a Java program may do with Thaw, in a JVM that nobody has prepared for it. */
public final class EmbeddingProgram {
  private static final int SIGTERM = 15;

  private EmbeddingProgram() {}

  /** Does what the first argument says with the checkpoint that the second one names. */
  public static void main(String[] args) throws Exception {
    Path checkpoint = Path.of(args[1]);
    try {
      switch (args[0]) {
        case "restore" -> restore(checkpoint);
        case "eager" -> restoreEager(checkpoint);
        case "unfilled" -> leaveUnfilled(checkpoint);
        case "record" -> record(checkpoint);
        case "clone" -> cloneTwice(checkpoint);
        case "own-child" -> dumpOwnChild(checkpoint);
        default -> throw new IllegalArgumentException(args[0]);
      }
    } catch (ThawException e) {
      System.out.println(e.kind() + ": " + e.getMessage());
      System.exit(1);
    }
  }

  private static void say(String what) {
    System.out.println(what);
    System.out.flush();
  }

  private static void restore(Path checkpoint) throws Exception {
    try (RestoredTree tree = Checkpoint.restore(RestoreOptions.of(checkpoint))) {
      say("runs " + tree.rootPid());
      tree.awaitFilled();
      ExitStatus end = tree.awaitExit();
      say(end + ", " + tree.exitStatus().equals(Optional.of(end)));
      try {
        tree.signal(SIGTERM);
      } catch (ThawException e) {
        say("signal: " + e.kind());
      }
    }
  }

  private static void restoreEager(Path checkpoint) throws Exception {
    RestoredTree tree = Checkpoint.restore(RestoreOptions.of(checkpoint).withEager().withDetach());
    tree.close();
    say("runs " + tree.rootPid() + " " + tree.exitStatus());
  }

  /** Only what is touched is filled; then somebody kills this JVM. */
  private static void leaveUnfilled(Path checkpoint) throws Exception {
    TreeKeeper keeper = TreeKeeper.start();
    RestoredTree tree =
        Checkpoint.restore(RestoreOptions.of(checkpoint).with(PrivateMemory.SHARE), keeper);
    tree.announce();
    say("runs " + tree.rootPid());
    tree.awaitExit();
  }

  /** Lets go at once: somebody else fills, and writes what is recorded. */
  private static void record(Path checkpoint) throws Exception {
    RecordOptions recording = new RecordOptions(Optional.empty());
    try (RestoredTree tree =
        Checkpoint.restore(
            RestoreOptions.of(checkpoint).with(PrivateMemory.SHARE).with(recording))) {
      say("runs " + tree.rootPid());
    }
  }

  private static void cloneTwice(Path checkpoint) throws Exception {
    try (Template template = Template.load(checkpoint, Progress.NONE);
        RestoredTree first = template.clone(CloneOptions.DEFAULTS);
        TreeKeeper keeper =
            TreeKeeper.start(KeeperOptions.DEFAULTS.withPidNamespace().withNetNamespace());
        RestoredTree second = template.clone(CloneOptions.DEFAULTS, keeper)) {
      second.announce();
      say("runs " + first.rootPid() + " " + second.rootPid());
      first.signal(SIGTERM);
      second.signal(SIGTERM);
      say(first.awaitExit() + ", " + second.awaitExit());
    }
  }

  private static void dumpOwnChild(Path checkpoint) throws IOException {
    Process child = new ProcessBuilder("sleep", "1000").start();
    try {
      Checkpoint.dump(DumpOptions.of((int) child.pid(), checkpoint));
    } finally {
      say(child.isAlive() + " " + child.info().command().isPresent());
      child.destroyForcibly();
    }
  }
}
