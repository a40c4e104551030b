package dev.thaw.restore.fd;

/**
 * The order in which descriptors come back. In each phase every process of the tree runs one
 * program, one process after the other; a later phase may rely on all of an earlier one.
 */
public enum Phase {
  /** What others need to make theirs: listeners that stand in for those of old connections. */
  OFFER,
  /** Make the kernel objects; a description with one end is placed at its number at once. */
  CREATE,
  /** Take an end of an object that another process made (the other end of a pipe). */
  ADOPT,
  /** The other descriptors of a description: dup, or pidfd_getfd from its creator. */
  SHARE,
  /** What needs other descriptors: connect, epoll_ctl. */
  CONNECT,
  /** Put the content into pipes and sockets, arm timers, set file positions. */
  FILL,
  /** Close what only the restore needed; set flags that would have been in the way. */
  FINISH,
  /** What sends signals from then on. */
  ARM
}
