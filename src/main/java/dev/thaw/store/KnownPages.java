package dev.thaw.store;

/**
 * Store pages by fingerprint: open addressing in one array, three longs a slot, at most three
 * quarters full. Not thread safe.
 */
final class KnownPages {
  private static final int SLOT = 3;
  private static final int FIRST_SLOTS = 1 << 12;

  private final int maxPages;
  private long[] slots = new long[FIRST_SLOTS * SLOT];
  private int mask = FIRST_SLOTS - 1;
  private int size;

  /**
   * @param maxPages beyond which nothing is remembered any more
   */
  KnownPages(int maxPages) {
    this.maxPages = maxPages;
  }

  /**
   * The store page of the fingerprint; if there is none, remembers {@code newPage} for it and
   * returns -1.
   *
   * @param first not both words may be 0
   */
  long findOrAdd(long first, long second, long newPage) {
    int slot = slotOf(slots, mask, first, second);
    if (!isFree(slots, slot)) {
      return slots[slot + 2];
    }
    if (size < maxPages) {
      slots[slot] = first;
      slots[slot + 1] = second;
      slots[slot + 2] = newPage;
      size++;
      if (size > (mask + 1) / 4 * 3 && mask < Integer.MAX_VALUE / SLOT / 2) {
        grow();
      }
    }
    return -1;
  }

  private void grow() {
    int newMask = mask * 2 + 1;
    long[] grown = new long[(newMask + 1) * SLOT];
    for (int from = 0; from < slots.length; from += SLOT) {
      if (!isFree(slots, from)) {
        System.arraycopy(
            slots, from, grown, slotOf(grown, newMask, slots[from], slots[from + 1]), SLOT);
      }
    }
    slots = grown;
    mask = newMask;
  }

  /** The fingerprint is uniform already: its low bits are the hash. */
  private static int slotOf(long[] slots, int mask, long first, long second) {
    int slot = ((int) first & mask) * SLOT;
    while (!isFree(slots, slot) && (slots[slot] != first || slots[slot + 1] != second)) {
      slot = (slot + SLOT) % ((mask + 1) * SLOT);
    }
    return slot;
  }

  private static boolean isFree(long[] slots, int slot) {
    return slots[slot] == 0 && slots[slot + 1] == 0;
  }
}
