package dev.thaw.restore;

import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.pager.PagePlace;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Where the pages that the pager serves are in the checkpoint: between a recording and a tree. */
final class ServedPages {
  private static final int PAGE_SHIFT = 12;

  private ServedPages() {}

  static List<PagePlace> of(
      Images images, Collection<MemoryLayout> layouts, RestoreContext context) {
    List<PagePlace> places = new ArrayList<>();
    for (MemoryLayout layout : layouts) {
      String pagemap = ProcessImage.pagemapName(layout.pid());
      for (MemoryLayout.Area area : layout.areas()) {
        boolean own = area.owner() == layout.pid(); // else its pages are those of an ancestor
        if (own && (area.treatment() == Treatment.LAZY || area.treatment() == Treatment.COPY)) {
          places.add(
              new PagePlace(
                  pagemap,
                  area.start() >>> PAGE_SHIFT,
                  area.vma().pages(),
                  context.servedBacking(area),
                  area.firstPage()));
        }
      }
    }
    for (SharedMemory memory : Layouts.sharedMemfds(images)) {
      long pages = Layouts.pagesOf(memory);
      places.add(
          new PagePlace(memory.pagemapName(), 0, pages, context.sharedBacking(memory.id()), 0));
    }
    return places;
  }
}
