package dev.thaw;

import dev.thaw.linux.UnixSocket;
import dev.thaw.pager.InitConnection;
import java.io.IOException;
import java.util.Optional;

/**
 * A thaw-init that waits to be driven: it becomes the parent of one restored tree, which is born
 * into its cgroup, session, limits and namespaces, and it keeps the tree's memory when this JVM has
 * gone. It ends with the last process of the tree.
 *
 * <p>It ignores what a terminal sends to a process group (SIGINT, SIGQUIT, SIGHUP, SIGTSTP): what
 * that means is for the restored program to say. SIGTERM ends it while its tree does not run yet.
 */
public final class TreeKeeper implements AutoCloseable {
  private final InitConnection connection;
  private final Optional<InitProcess> child;
  private final boolean parent;

  private TreeKeeper(InitConnection connection, Optional<InitProcess> child, boolean parent) {
    this.connection = connection;
    this.child = child;
    this.parent = parent;
  }

  /** Starts one in all that this JVM is in. */
  public static TreeKeeper start() throws IOException {
    return start(KeeperOptions.DEFAULTS);
  }

  /**
   * Starts one, as a child of this JVM, which reaps it. It outlives this JVM if its tree runs then.
   *
   * @throws ThawException where thaw-init is not to be found, or cannot be started
   */
  public static TreeKeeper start(KeeperOptions options) throws IOException {
    return Failures.explained(
        () -> {
          UnixSocket[] pair = UnixSocket.pair();
          try (UnixSocket theirs = pair[1]) {
            InitProcess child = InitProcess.start(options, theirs);
            return new TreeKeeper(new InitConnection(pair[0]), Optional.of(child), false);
          } catch (IOException | RuntimeException e) {
            pair[0].close();
            throw e;
          }
        });
  }

  /** The one that started this JVM: the launcher does so, to run one command. */
  public static TreeKeeper inherited() {
    return new TreeKeeper(InitConnection.inherited(), Optional.empty(), true);
  }

  /** The one at the other end of {@code control}, which is owned from here on. */
  public static TreeKeeper at(UnixSocket control) {
    return new TreeKeeper(new InitConnection(control), Optional.empty(), false);
  }

  InitConnection connection() {
    return connection;
  }

  /** Whether this JVM is its child, and there for nothing else. */
  boolean isParent() {
    return parent;
  }

  /**
   * The process.
   *
   * @throws IllegalStateException where somebody else has started it, and hears how its tree ends
   */
  InitProcess child() {
    return child.orElseThrow(
        () ->
            new IllegalStateException(
                "the thaw-init of this tree was not started by this JVM, which cannot know how the"
                    + " tree ends: see TreeKeeper.start"));
  }

  /**
   * Lets go. A tree that does not run yet is ended. One that runs is not: where its memory is not
   * all there, thaw-init starts a JVM of its own to go on.
   */
  @Override
  public void close() {
    connection.close();
  }
}
