package dev.thaw;

/**
 * Where a thaw-init is born, and with it the tree that it will keep.
 *
 * @param detach once the tree runs, thaw-init lets go of the standard streams: whoever waits for
 *     the end of this JVM's output does not wait for the tree
 * @param pidNamespace pid and mount namespaces of its own, with /proc to match: what {@link
 *     Template#clone} needs to give a clone the pids of the checkpoint
 * @param netNamespace a network namespace of its own, where only lo is up
 */
public record KeeperOptions(boolean detach, boolean pidNamespace, boolean netNamespace) {

  /** In all that this JVM is in: cgroup, session, process group, limits and namespaces. */
  public static final KeeperOptions DEFAULTS = new KeeperOptions(false, false, false);

  /** The same, and detached. */
  public KeeperOptions withDetach() {
    return new KeeperOptions(true, pidNamespace, netNamespace);
  }

  /** The same, with pid and mount namespaces of its own. */
  public KeeperOptions withPidNamespace() {
    return new KeeperOptions(detach, true, netNamespace);
  }

  /** The same, with a network namespace of its own. */
  public KeeperOptions withNetNamespace() {
    return new KeeperOptions(detach, pidNamespace, true);
  }
}
