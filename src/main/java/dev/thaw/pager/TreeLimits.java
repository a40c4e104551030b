package dev.thaw.pager;

/** How large a tree can be whose memory comes lazily: what the pager's tables have room for. */
public final class TreeLimits {
  /** Processes that are alive at once. */
  public static final int PROCESSES = Tables.MAX_SPACES;

  /** Memfds: one for each process with private memory, and one for each object that is shared. */
  public static final int MEMFDS = Tables.MAX_BACKINGS;

  /** Bytes from the first to the last address of all memory that holds pages, sparse or not. */
  public static final long BYTES = (long) Tables.MAX_PAGES << 12;

  private TreeLimits() {}
}
