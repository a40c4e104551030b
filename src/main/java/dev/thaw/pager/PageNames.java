package dev.thaw.pager;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the indices of one session's pages are called in the checkpoint: pagemap and number. An
 * index holds for as long as a tree lives; the name holds for good. Immutable.
 */
final class PageNames {
  private final List<Range> byIndex;
  private final Map<String, List<Range>> byName = new LinkedHashMap<>();

  /** Pages with consecutive indices and consecutive numbers. */
  record Range(String pagemap, long firstPage, long pageCount, long index) {}

  /** A page's name. */
  record Name(String pagemap, long page) {}

  PageNames(List<Range> ranges) {
    byIndex = new ArrayList<>(ranges);
    byIndex.sort(Comparator.comparingLong(Range::index));
    for (Range range : ranges) {
      byName.computeIfAbsent(range.pagemap(), name -> new ArrayList<>()).add(range);
    }
    byName.values().forEach(l -> l.sort(Comparator.comparingLong(Range::firstPage)));
  }

  /** The name of the page with that index; null where the checkpoint has none for it. */
  Name nameOf(long index) {
    Range range = last(byIndex, index, false);
    return range == null || index >= range.index() + range.pageCount()
        ? null
        : new Name(range.pagemap(), range.firstPage() + index - range.index());
  }

  /** The inverse of {@link #nameOf}; -1 where the page is not served by the pager. */
  long indexOf(String pagemap, long page) {
    Range range = last(byName.getOrDefault(pagemap, List.of()), page, true);
    return range == null || page >= range.firstPage() + range.pageCount()
        ? -1
        : range.index() + page - range.firstPage();
  }

  /** The last range that begins at or below {@code key}, or null. */
  private static Range last(List<Range> ranges, long key, boolean byPage) {
    int low = 0;
    int high = ranges.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      Range range = ranges.get(middle);
      if ((byPage ? range.firstPage() : range.index()) <= key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low == 0 ? null : ranges.get(low - 1);
  }

  /** As the touch log keeps it, for whoever writes the recording. */
  byte[] encode() {
    List<String> names = new ArrayList<>(byName.keySet());
    int bytes = 8 + 28 * byIndex.size();
    for (String name : names) {
      bytes += 4 + name.length();
    }
    ByteBuffer out = ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    out.putInt(names.size()).putInt(byIndex.size());
    for (String name : names) {
      out.putInt(name.length()).put(name.getBytes(StandardCharsets.US_ASCII));
    }
    Map<String, Integer> numbers = new LinkedHashMap<>();
    names.forEach(name -> numbers.put(name, numbers.size()));
    for (Range r : byIndex) {
      out.putLong(r.firstPage()).putLong(r.pageCount()).putLong(r.index());
      out.putInt(numbers.get(r.pagemap()));
    }
    return out.array();
  }

  /** The inverse of {@link #encode}. */
  static PageNames decode(byte[] content) throws IOException {
    try {
      ByteBuffer in = ByteBuffer.wrap(content).order(ByteOrder.nativeOrder());
      String[] names = new String[in.getInt()];
      int count = in.getInt();
      for (int i = 0; i < names.length; i++) {
        byte[] name = new byte[in.getInt()];
        in.get(name);
        names[i] = new String(name, StandardCharsets.US_ASCII);
      }
      List<Range> ranges = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        long firstPage = in.getLong();
        long pageCount = in.getLong();
        long index = in.getLong();
        ranges.add(new Range(names[in.getInt()], firstPage, pageCount, index));
      }
      return new PageNames(ranges);
    } catch (BufferUnderflowException | NegativeArraySizeException | IndexOutOfBoundsException e) {
      throw new IOException("the touch log of thaw-init is damaged", e);
    }
  }
}
