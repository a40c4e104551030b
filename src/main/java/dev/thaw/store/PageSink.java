package dev.thaw.store;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Collects the runs of one pagemap while its pages are written; {@link PageStoreWriter#finish}
 * writes it to {@code pagemap-NAME.img}. Used by the writer under its lock.
 */
public final class PageSink {
  private final String name;
  private final boolean recordZeroPages;
  private final List<PagemapRun> runs = new ArrayList<>();

  // The run that is growing, so that a page costs no object.
  private long firstKey;
  private long count;
  private long firstStorePage;

  private long seen;
  private long zero;
  private long duplicate;

  PageSink(String name, boolean recordZeroPages) {
    this.name = name;
    this.recordZeroPages = recordZeroPages;
  }

  /** The name of the pagemap. */
  public String name() {
    return name;
  }

  void zero(long key) {
    seen++;
    zero++;
    if (recordZeroPages) {
      append(key, PagemapRun.ZERO);
    }
  }

  void stored(long key, long storePage, boolean isDuplicate) {
    seen++;
    if (isDuplicate) {
      duplicate++;
    }
    append(key, storePage);
  }

  private void append(long key, long storePage) {
    boolean zero = storePage == PagemapRun.ZERO;
    if (count > 0
        && key == firstKey + count
        && (firstStorePage == PagemapRun.ZERO
            ? zero
            : !zero && storePage == firstStorePage + count)) {
      count++;
      return;
    }
    close();
    firstKey = key;
    count = 1;
    firstStorePage = storePage;
  }

  private void close() {
    if (count > 0) {
      runs.add(new PagemapRun(firstKey, count, firstStorePage));
      count = 0;
    }
  }

  PageStatistics statistics() {
    return new PageStatistics(seen, zero, duplicate, seen - zero - duplicate);
  }

  /** The pagemap of everything so far. */
  Pagemap pagemap() {
    close();
    runs.sort(Comparator.comparingLong(PagemapRun::firstPage));
    List<PagemapRun> joined = new ArrayList<>();
    for (PagemapRun run : runs) {
      int last = joined.size() - 1;
      if (last >= 0 && joined.get(last).continuedBy(run)) {
        joined.set(last, joined.get(last).joinedWith(run));
      } else if (last >= 0 && joined.get(last).endPage() > run.firstPage()) {
        throw new IllegalStateException(
            "pagemap " + name + ": page " + run.firstPage() + " was put twice");
      } else {
        joined.add(run);
      }
    }
    return new Pagemap(statistics(), joined);
  }
}
