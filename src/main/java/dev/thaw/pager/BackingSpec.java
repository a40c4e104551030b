package dev.thaw.pager;

import java.util.List;

/**
 * A memfd to be made, and what is to be filled into it.
 *
 * @param name as in /proc/PID/maps, for people
 * @param shared whether it is mapped MAP_SHARED: it then has the exact size of its one slot, since
 *     the program can ask; a private one is as large as files get
 * @param slots ascending, not overlapping; everything that a {@link SpaceVma} maps
 * @param content ascending, not overlapping, each extent within one slot
 */
public record BackingSpec(String name, boolean shared, List<Slot> slots, List<Extent> content) {
  public BackingSpec {
    slots = List.copyOf(slots);
    content = List.copyOf(content);
    long end = 0;
    for (Slot slot : slots) {
      if (slot.firstPage() < end) {
        throw new IllegalArgumentException(name + ": " + slot + " begins below " + end);
      }
      end = slot.firstPage() + slot.pageCount();
    }
    if (shared && (slots.size() != 1 || slots.get(0).firstPage() != 0)) {
      throw new IllegalArgumentException(name + ": shared, but " + slots.size() + " slots");
    }
    checkContent(name, slots, content);
  }

  private static void checkContent(String name, List<Slot> slots, List<Extent> content) {
    long end = 0;
    int at = 0;
    for (Extent extent : content) {
      long last = extent.firstPage() + extent.pageCount();
      while (at < slots.size()
          && slots.get(at).firstPage() + slots.get(at).pageCount() <= extent.firstPage()) {
        at++;
      }
      boolean inside =
          at < slots.size()
              && extent.firstPage() >= slots.get(at).firstPage()
              && last <= slots.get(at).firstPage() + slots.get(at).pageCount();
      if (extent.firstPage() < end || !inside) {
        throw new IllegalArgumentException(name + ": " + extent + " is not within one slot");
      }
      end = last;
    }
  }
}
