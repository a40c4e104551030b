package dev.thaw;

import dev.thaw.linux.UnixSocket;
import dev.thaw.pager.InitConnection;

/**
 * A thaw-init that waits to be driven: it becomes the parent of a restored tree, which is born into
 * its cgroup, session, limits and namespaces, and it keeps the tree's memory when this JVM has
 * gone.
 */
public final class TreeKeeper implements AutoCloseable {
  private final InitConnection connection;

  private TreeKeeper(InitConnection connection) {
    this.connection = connection;
  }

  /** The one that started this JVM. */
  public static TreeKeeper inherited() {
    return new TreeKeeper(InitConnection.inherited());
  }

  /** The one at the other end of {@code control}, which is owned from here on. */
  public static TreeKeeper at(UnixSocket control) {
    return new TreeKeeper(new InitConnection(control));
  }

  InitConnection connection() {
    return connection;
  }

  /** Lets go. A tree that does not run yet is ended. */
  @Override
  public void close() {
    connection.close();
  }
}
