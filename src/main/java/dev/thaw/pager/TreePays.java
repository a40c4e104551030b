package dev.thaw.pager;

import dev.thaw.linux.PidFd;
import dev.thaw.pager.InitConnection.PageRange;
import java.io.IOException;
import java.lang.System.Logger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Has the memory cgroup of the tree pay for pages that a JVM in another cgroup fills. The kernel
 * charges a page of a memfd to whoever makes it: thaw-init, which is where the tree is, makes the
 * pages of a frame just before they are written. In the background it does so for some frames at
 * once, since a request costs as much as making a frame's pages.
 *
 * <p>Thread safe. Whoever writes a frame calls {@link #before} first, so no page is made again that
 * was filled and given back meanwhile.
 */
final class TreePays {
  private static final Logger LOG = System.getLogger(TreePays.class.getName());

  /** 512 KiB: as fast as without (ADR 14), and a fault behind it waits for no more than a frame. */
  private static final int AHEAD_PAGES = 128;

  private final InitConnection init;
  private final FrameMap map;
  private final BitSet made = new BitSet();
  private boolean failed;

  TreePays(InitConnection init, FrameMap map) {
    this.init = init;
    this.map = map;
  }

  /** Whether {@code init} has another memory cgroup than this process. */
  static boolean isNeeded(InitConnection init) {
    if (init.isParent()) {
      return false; // it was born into the same
    }
    try (PidFd process = init.process()) {
      Path its = Path.of("/proc/" + process.pid() + "/cgroup");
      String own = memoryCgroup(Files.readAllLines(Path.of("/proc/self/cgroup")));
      return !own.equals(memoryCgroup(Files.readAllLines(its)));
    } catch (IOException e) {
      return false; // no cgroups; or it has been killed, and its keeper has started this filler
    }
  }

  /** The cgroup that pays, of {@code /proc/PID/cgroup}: the memory controller's, or version 2. */
  static String memoryCgroup(List<String> lines) {
    String unified = "";
    for (String line : lines) {
      String[] fields = line.split(":", 3);
      if (List.of(fields[1].split(",")).contains("memory")) {
        return fields[2];
      }
      unified = fields[1].isEmpty() ? fields[2] : unified;
    }
    return unified;
  }

  /** All pages of a backing with these extents, at once. */
  static void makeAll(InitConnection init, int backing, List<Extent> extents) throws IOException {
    List<PageRange> ranges = new ArrayList<>();
    for (Extent extent : extents) {
      add(ranges, backing, extent.firstPage(), extent.pageCount());
    }
    init.allocate(ranges);
  }

  /**
   * The frame is about to be written.
   *
   * @param fault a thread of the tree waits for it; else the frames behind it come next
   * @param again it was written before
   */
  synchronized void before(int frame, boolean fault, boolean again) {
    if (failed || made.get(frame) && !again) {
      return;
    }
    List<PageRange> ranges = new ArrayList<>();
    int pages = 0;
    int at = frame;
    do {
      for (FrameMap.Piece piece : map.pieces(at)) {
        add(ranges, piece.target().backing(), piece.firstPage(), piece.pageCount());
        pages += piece.pageCount();
      }
      made.set(at);
      at = made.nextClearBit(at + 1);
    } while (!fault && pages < AHEAD_PAGES && at < map.frameCount());
    try {
      init.allocate(ranges);
    } catch (IOException e) {
      failed = true;
      LOG.log(
          init.isConnected() ? Logger.Level.WARNING : Logger.Level.DEBUG,
          "the cgroup of this JVM pays for the rest of the tree's memory: " + e.getMessage());
    }
  }

  private static void add(List<PageRange> ranges, int backing, long firstPage, long pageCount) {
    PageRange last = ranges.isEmpty() ? null : ranges.get(ranges.size() - 1);
    long most = Integer.MAX_VALUE;
    if (last != null
        && last.backing() == backing
        && last.firstPage() + last.pageCount() == firstPage
        && last.pageCount() + pageCount <= most) {
      ranges.remove(ranges.size() - 1);
      ranges.add(new PageRange(backing, last.firstPage(), (int) (last.pageCount() + pageCount)));
      return;
    }
    for (long done = 0; done < pageCount; done += most) {
      ranges.add(new PageRange(backing, firstPage + done, (int) Math.min(most, pageCount - done)));
    }
  }
}
