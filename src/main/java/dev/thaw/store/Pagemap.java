package dev.thaw.store;

import dev.thaw.image.ImageFormatException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which pages of one space are held, and where: the content of a {@code pagemap-NAME.img} file. A
 * page in no run is zero, or was never there.
 *
 * @param statistics what became of the pages
 * @param runs ascending, not overlapping
 */
public record Pagemap(PageStatistics statistics, List<PagemapRun> runs) {
  static final byte[] MAGIC = "THAWPMAP".getBytes(StandardCharsets.US_ASCII);
  static final int VERSION = 1;
  private static final int HEADER_BYTES = 56;
  private static final int RUN_BYTES = 24;

  /** Validates the order of the runs. */
  public Pagemap {
    runs = List.copyOf(runs);
    for (int i = 1; i < runs.size(); i++) {
      if (runs.get(i).firstPage() < runs.get(i - 1).endPage()) {
        throw new IllegalArgumentException(
            "the run at page "
                + runs.get(i).firstPage()
                + " begins below the end of its predecessor, page "
                + runs.get(i - 1).endPage());
      }
    }
  }

  /** The name of the file of the pagemap {@code name}. */
  public static String fileName(String name) {
    return "pagemap-" + name + ".img";
  }

  /** The inverse of {@link #fileName}; empty for any other file. */
  static Optional<String> nameOf(String file) {
    boolean named = file.startsWith("pagemap-") && file.endsWith(".img");
    return named ? Optional.of(file.substring(8, file.length() - 4)) : Optional.empty();
  }

  /** The pages that the runs hold. */
  public long pageCount() {
    return runs.stream().mapToLong(PagemapRun::pageCount).sum();
  }

  /** Where the content of {@code page} is in the page store; -1 where it has none. */
  public long storePage(long page) {
    int low = 0;
    int high = runs.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      PagemapRun run = runs.get(middle);
      if (page < run.firstPage()) {
        high = middle - 1;
      } else if (page >= run.endPage()) {
        low = middle + 1;
      } else {
        return run.zero() ? -1 : run.firstStorePage() + page - run.firstPage();
      }
    }
    return -1;
  }

  byte[] encode() {
    ByteBuffer out =
        ByteBuffer.allocate(Math.addExact(HEADER_BYTES, Math.multiplyExact(RUN_BYTES, runs.size())))
            .order(ByteOrder.LITTLE_ENDIAN);
    out.put(MAGIC).putInt(VERSION).putInt(0);
    out.putLong(statistics.seen()).putLong(statistics.zero());
    out.putLong(statistics.duplicate()).putLong(statistics.stored());
    out.putLong(runs.size());
    for (PagemapRun run : runs) {
      out.putLong(run.firstPage()).putLong(run.pageCount()).putLong(run.firstStorePage());
    }
    return out.array();
  }

  /**
   * Reads a pagemap.
   *
   * @param file name for messages
   * @param storePages pages of the store that the runs point into
   */
  static Pagemap decode(String file, byte[] content, long storePages) throws ImageFormatException {
    ByteBuffer in = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    BinaryHeader.check(file, in, MAGIC, VERSION, HEADER_BYTES);
    if (in.getInt() != 0) {
      throw new ImageFormatException(file + ": reserved field is not 0");
    }
    try {
      long seen = in.getLong();
      PageStatistics statistics =
          new PageStatistics(seen, in.getLong(), in.getLong(), in.getLong());
      long count = in.getLong();
      if (count < 0 || count > in.remaining() / RUN_BYTES || count * RUN_BYTES != in.remaining()) {
        throw new ImageFormatException(
            file + ": " + count + " runs do not fill " + in.remaining() + " bytes");
      }
      List<PagemapRun> runs = new ArrayList<>((int) count);
      for (long i = 0; i < count; i++) {
        PagemapRun run = new PagemapRun(in.getLong(), in.getLong(), in.getLong());
        if (!run.zero() && run.firstStorePage() + run.pageCount() > storePages) {
          throw new ImageFormatException(
              file + ": run " + i + " points behind the " + storePages + " pages of the store");
        }
        runs.add(run);
      }
      return new Pagemap(statistics, runs);
    } catch (IllegalArgumentException e) {
      throw new ImageFormatException(file + ": " + e.getMessage(), e);
    }
  }
}
