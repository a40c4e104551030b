package dev.thaw.pager;

import dev.thaw.linux.Fd;
import dev.thaw.linux.Open;
import dev.thaw.linux.SharedMapping;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
  private static final Duration PAGE_LIMIT = Duration.ofMinutes(1);
  private static final Duration FILL_PAUSE = Duration.ofMillis(20);

  private final SessionTable session;

  /** Ranges by start: start to end, bytes. */
  private final TreeMap<Long, Long> ranges = new TreeMap<>();

  private final List<Served> served = new ArrayList<>();

  /** A VMA of the process {@code pid}, which is 0 where the pager does not know it. */
  private record Served(int pid, long start, long end, long index, Path table) {}

  /** Where the content is of a page that is in no page table. */
  public enum Held {
    /** In the memfd that is mapped there. */
    MEMFD,
    /** Nowhere: the process gave it away, and would read zeros. */
    NOWHERE,
    /** Nowhere: the checkpoint was damaged. */
    LOST,
    /** Only the pager that serves it knows. */
    UNKNOWN
  }

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
        pending.addSpace(
            init.get(),
            pending.session.ref(space, Tables.REF_PID),
            pending.session.ref(space, Tables.REF_TABLE_FD));
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

  private void addSpace(int init, int pid, int tableFd) throws IOException {
    try (Fd fd = Open.open("/proc/" + init + "/fd/" + tableFd, Open.O_RDWR)) {
      SharedMapping space = new SharedMapping(fd, Tables.SPACE_PAGES_OFFSET);
      int array = (int) (space.getLong(Tables.SPACE_COMMIT) & 1);
      int count = space.getInt(Tables.SPACE_VMA_COUNT + 4 * array);
      int at = Tables.SPACE_VMAS + array * Tables.MAX_VMAS * Tables.VMA_BYTES;
      for (int i = 0; i < count; i++, at += Tables.VMA_BYTES) {
        long index = space.getLong(at + 24);
        if (index != Tables.NO_INDEX) {
          long start = space.getLong(at);
          long end = space.getLong(at + 8);
          addVma(start, end, index);
          served.add(
              new Served(pid, start, end, index, Path.of("/proc/" + init + "/fd/" + tableFd)));
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

  /**
   * Where the content of an absent page is, for who cannot read it by a fault. Waits until it is
   * filled; the process is stopped, so that it drops nothing meanwhile.
   */
  public Held held(int pid, long address) throws IOException {
    for (Served vma : served) {
      if (vma.pid() == pid && vma.start() <= address && address < vma.end()) {
        long index = vma.index() + (address - vma.start()) / PAGE;
        return dropped(vma.table(), index) ? Held.NOWHERE : awaitPage(index);
      }
    }
    return Held.UNKNOWN;
  }

  private static boolean dropped(Path table, long index) throws IOException {
    ByteBuffer state = ByteBuffer.allocate(1);
    try (FileChannel channel = FileChannel.open(table, StandardOpenOption.READ)) {
      int read = channel.read(state, Tables.SPACE_PAGES_OFFSET + index);
      return read == 1 && (state.get(0) & Tables.SPACE_DROPPED) != 0;
    }
  }

  private Held awaitPage(long index) throws IOException {
    byte[] page = new byte[1];
    long deadline = System.nanoTime() + PAGE_LIMIT.toNanos();
    while (true) {
      session.readPages(index, page);
      if ((page[0] & Tables.PAGE_POISONED) != 0) {
        return Held.LOST;
      }
      if ((page[0] & Tables.PAGE_FILLED) != 0) {
        return Held.MEMFD;
      }
      if (System.nanoTime() > deadline) {
        throw new IOException("the pager does not fill its memory; see thaw stats");
      }
      LockSupport.parkNanos(FILL_PAUSE.toNanos());
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
