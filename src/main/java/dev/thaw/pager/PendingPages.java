package dev.thaw.pager;

import dev.thaw.linux.Fd;
import dev.thaw.linux.Open;
import dev.thaw.linux.SharedMapping;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Which pages of a restored tree may still have to come from its checkpoint, seen from outside: for
 * a dump of a tree that is still lazy.
 *
 * <p>Addresses are those of all address spaces of the tree together: more than what one process
 * lacks, never less. Whoever reads such an address through process_vm_readv(2) gets from the pager
 * what the process itself would have got.
 */
public final class PendingPages {
  private static final int PAGE = 4096;
  private static final Duration FILL_PAUSE = Duration.ofMillis(20);

  private final SessionTable session;

  /** Ranges by start: start to end, bytes. */
  private final TreeMap<Long, Long> ranges = new TreeMap<>();

  private PendingPages(SessionTable session) {
    this.session = session;
  }

  /** Those behind {@code pid}; empty where no thaw-init is among its ancestors. */
  public static Optional<PendingPages> of(int pid) throws IOException {
    Optional<Integer> init = RunningPager.initOf(pid);
    if (init.isEmpty()) {
      return Optional.empty();
    }
    PendingPages pending = new PendingPages(RunningPager.session(init.get()));
    for (int space = 0; space < pending.session.spaceCount(); space++) {
      if (pending.session.ref(space, Tables.REF_STATE) == Tables.STATE_READY) {
        pending.addSpace(init.get(), pending.session.ref(space, Tables.REF_TABLE_FD));
      }
    }
    return Optional.of(pending);
  }

  /**
   * Where the tree shares memory, waits until every page is in a memfd: such memory is read through
   * its memfd, past the userfaultfd.
   *
   * @throws IOException where that takes longer than {@code limit}
   */
  public static void awaitFilled(int pid, Duration limit) throws IOException {
    Optional<Integer> init = RunningPager.initOf(pid);
    if (init.isEmpty()) {
      return;
    }
    SessionTable session = RunningPager.session(init.get());
    if (!sharesMemory(session)) {
      return;
    }
    long deadline = System.nanoTime() + limit.toNanos();
    while (session.get(Tables.FILL_DONE) == 0
        && session.getLong(Tables.FILLED_PAGES) < session.getLong(Tables.CONTENT_PAGES)) {
      if (System.nanoTime() > deadline) {
        throw new IOException(
            "pid " + pid + ": its pager (thaw-init " + init.get() + ") still fills its memory");
      }
      LockSupport.parkNanos(FILL_PAUSE.toNanos());
    }
  }

  private static boolean sharesMemory(SessionTable session) {
    for (int i = 0; i < session.get(Tables.BACKING_COUNT); i++) {
      if (session.backing(i).shared()) {
        return true;
      }
    }
    return false;
  }

  private void addSpace(int init, int tableFd) throws IOException {
    try (Fd fd = Open.open("/proc/" + init + "/fd/" + tableFd, Open.O_RDWR)) {
      SharedMapping space = new SharedMapping(fd, Tables.SPACE_PAGES_OFFSET);
      int array = (int) (space.getLong(Tables.SPACE_COMMIT) & 1);
      int count = space.getInt(Tables.SPACE_VMA_COUNT + 4 * array);
      int at = Tables.SPACE_VMAS + array * Tables.MAX_VMAS * Tables.VMA_BYTES;
      for (int i = 0; i < count; i++, at += Tables.VMA_BYTES) {
        long index = space.getLong(at + 24);
        if (index != Tables.NO_INDEX) {
          addVma(space.getLong(at), space.getLong(at + 8), index);
        }
      }
    } catch (NoSuchFileException gone) {
      // its process ended meanwhile
    }
  }

  private void addVma(long start, long end, long index) {
    byte[] pages = new byte[(int) ((end - start) / PAGE)];
    session.readPages(index, pages);
    for (int i = 0; i < pages.length; i++) {
      if ((pages[i] & Tables.PAGE_HAS_CONTENT) != 0) {
        int first = i;
        while (i + 1 < pages.length && (pages[i + 1] & Tables.PAGE_HAS_CONTENT) != 0) {
          i++;
        }
        long from = start + (long) first * PAGE;
        ranges.merge(from, start + (i + 1L) * PAGE, Math::max);
      }
    }
  }

  /** A range of addresses, {@code [start, end)}. */
  public record Range(long start, long end) {}

  /** The ranges within {@code [start, end)}; ascending by start, they may overlap. */
  public List<Range> within(long start, long end) {
    List<Range> found = new ArrayList<>();
    for (var entry : ranges.headMap(end).entrySet()) {
      long from = Math.max(start, entry.getKey());
      long to = Math.min(end, entry.getValue());
      if (from < to) {
        found.add(new Range(from, to));
      }
    }
    return found;
  }
}
