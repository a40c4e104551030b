package dev.thaw.pager;

/**
 * Offsets and constants of {@code native/include/thaw_tables.h}: the tables that thaw-init,
 * thaw-pager and this JVM share. A test compares them with the compiler's.
 */
final class Tables {
  static final int VERSION = 1;
  static final long SESSION_MAGIC = 0x5353454e57414854L;
  static final int MAX_BACKINGS = 16384;
  static final int MAX_SLOTS = 131072;
  static final int MAX_SPACES = 8192;
  static final int MAX_VMAS = 131072;
  static final int MAX_PAGES = 1 << 28;

  static final int PAGE_HAS_CONTENT = 1;
  static final int PAGE_FILLED = 2;
  static final int PAGE_POISONED = 4;
  static final int SPACE_DROPPED = 1;
  static final int SPACE_INSTALLED = 2;

  /** {@code THAW_VMA_ZERO}; the others are in {@link VmaKind}. */
  static final int VMA_ZERO = 3;

  static final int VERSION_AT = 8;
  static final int SERVING = 12;
  static final int SERVING_RETIRED = 2;
  static final int PAGER_PID = 28;
  static final int PAGER_GENERATION = 32;
  static final int FILLER_GENERATION = 36;
  static final int FILL_DONE = 40;
  static final int BACKING_COUNT = 44;
  static final int SLOT_COUNT = 48;
  static final int SPACE_COUNT = 52;
  static final int PAGE_COUNT = 56;
  static final int AROUND_PAGES = 64;
  static final int AROUND_MAX_PAGES = 68;
  static final int FILLED_PAGES = 80;
  static final int CONTENT_PAGES = 88;
  static final int GONE = 96;
  static final int BACKINGS = 232;
  static final int SLOTS = 1048808;
  static final int SPACES = 4194536;
  static final int LATENCY_GONE = 56099048;
  static final int LATENCY = 56120248;
  static final int TOUCHES_FD = 229790648;
  static final int SESSION_BYTES = 229790656;

  static final int BACKING_BYTES = 64;
  static final int BACKING_FD = 0;
  static final int BACKING_EXTENTS_FD = 4;
  static final int BACKING_FLAGS = 8;
  static final int BACKING_FIRST_SLOT = 12;
  static final int BACKING_SLOT_COUNT = 16;
  static final int BACKING_EXTENT_COUNT = 24;
  static final int BACKING_NAME = 32;
  static final int BACKING_NAME_BYTES = 32;
  static final int BACKING_SHARED = 1;

  static final int SLOT_BYTES = 24;
  static final int EXTENT_BYTES = 24;

  static final int REF_BYTES = 6336;
  static final int REF_STATE = 0;
  static final int REF_GENERATION = 4;
  static final int REF_TABLE_FD = 12;
  static final int REF_FILLED_EVENTFD = 16;
  static final int REF_PID = 20;
  static final int REF_FLAGS = 24;
  static final int REF_COUNTERS = 48;
  static final int REF_RING_HEAD = 184;
  static final int REF_RING_TAIL = 188;
  static final int REF_RING = 192;
  static final int RING_SIZE = 256;
  static final int REQUEST_BYTES = 24;
  static final int REQUEST_REFILL = 1;
  static final int STATE_READY = 2;
  static final int SPACE_FLAG_DRAIN = 1;
  static final int SPACE_FLAG_GRADUATED = 2;

  /** {@code struct thaw_counters}, in order. */
  enum Counter {
    FAULTS,
    EVENTS,
    DEMAND,
    AHEAD,
    ZERO,
    COPIED,
    POISONED,
    FILL_WAITS,
    EAGAIN_EVENTS,
    EAGAIN_PARTIAL,
    EEXIST,
    ENOENT,
    EFAULT,
    ENOMEM,
    LOST_MAPS,
    REPLAYS,
    PREFAULTED
  }

  /** {@code enum thaw_fault_kind}, in order. */
  enum FaultKind {
    MINOR,
    ZERO,
    COPIED,
    WAITED,
    NO_PAGE
  }

  static final int LATENCY_BYTES = 21200;
  static final int HISTOGRAM_BYTES = 4240;
  static final int HISTOGRAM_SUM_NANOS = 0;
  static final int HISTOGRAM_MAX_NANOS = 8;
  static final int HISTOGRAM_BUCKETS = 16;
  static final int LATENCY_BUCKETS = 528;

  static final int SPACE_COMMIT = 8;
  static final int SPACE_JOURNAL_SEQ = 16;
  static final int SPACE_VMA_COUNT = 24;
  static final int SPACE_VMAS = 2600;
  static final int VMA_BYTES = 40;
  static final int SPACE_PAGES_OFFSET = 16 << 20;
  static final long SPACE_BYTES = SPACE_PAGES_OFFSET + (long) MAX_PAGES;
  static final long NO_INDEX = -1;

  private Tables() {}
}
