package dev.thaw.pager;

import dev.thaw.linux.Fd;
import dev.thaw.linux.Memfd;
import dev.thaw.linux.SharedMapping;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The session memfd and the pages memfd of {@code thaw_tables.h}. This JVM adds backings and slots,
 * and takes requests out of the rings; the counters and rings are written by thaw-pager.
 */
final class SessionTable {
  private static final int MARK_BYTES = 65536;

  private final SharedMapping session;
  private final SharedMapping pages;

  /** A backing as the table holds it; its slots by their place in the table of slots. */
  record Backing(
      int fd, int extentsFd, boolean shared, int firstSlot, int slotCount, long extentCount) {}

  /** A slot and the index of its first page. */
  record IndexedSlot(long firstPage, long pageCount, long index) {}

  /** A page that a thread of space {@code space} waits for. */
  record Request(int space, long index, long address, boolean refill) {}

  SessionTable(Fd sessionFd, Fd pagesFd) throws IOException {
    session = new SharedMapping(sessionFd, Tables.SESSION_BYTES);
    pages = new SharedMapping(pagesFd, Tables.MAX_PAGES);
    if (session.getLong(0) != Tables.SESSION_MAGIC
        || session.getInt(Tables.VERSION_AT) != Tables.VERSION) {
      throw new IOException("thaw-init keeps tables of another version");
    }
  }

  int get(int offset) {
    return session.getInt(offset);
  }

  void set(int offset, int value) {
    session.setInt(offset, value);
  }

  long getLong(int offset) {
    return session.getLong(offset);
  }

  void addLong(int offset, long delta) {
    session.addLong(offset, delta);
  }

  void newFiller() {
    session.addInt(Tables.FILLER_GENERATION, 1);
  }

  /** The slots get indices, one page after the other; the backing is not counted yet. */
  int describeBacking(BackingSpec spec, long extentCount) throws IOException {
    int backing = get(Tables.BACKING_COUNT);
    int firstSlot = get(Tables.SLOT_COUNT);
    long index = getLong(Tables.PAGE_COUNT);
    int slotEnd = firstSlot + spec.slots().size();
    if (backing == Tables.MAX_BACKINGS || slotEnd > Tables.MAX_SLOTS) {
      throw new IOException("too many backings: " + backing + ", slots: " + slotEnd);
    }
    int slotAt = Tables.SLOTS + firstSlot * Tables.SLOT_BYTES;
    for (Slot slot : spec.slots()) {
      session.setLong(slotAt, slot.firstPage());
      session.setLong(slotAt + 8, slot.pageCount());
      session.setLong(slotAt + 16, index);
      index += slot.pageCount();
      slotAt += Tables.SLOT_BYTES;
    }
    if (index > Tables.MAX_PAGES) {
      throw new IOException(
          String.format(
              "the tree's memory spans more than the %d GiB that can come lazily; restore it with"
                  + " --eager",
              TreeLimits.BYTES >>> 30));
    }
    int at = Tables.BACKINGS + backing * Tables.BACKING_BYTES;
    set(at + Tables.BACKING_FLAGS, spec.shared() ? Tables.BACKING_SHARED : 0);
    set(at + Tables.BACKING_FIRST_SLOT, firstSlot);
    set(at + Tables.BACKING_SLOT_COUNT, spec.slots().size());
    session.setLong(at + Tables.BACKING_EXTENT_COUNT, extentCount);
    byte[] name = spec.name().getBytes(StandardCharsets.UTF_8);
    session.write(
        at + Tables.BACKING_NAME,
        Arrays.copyOf(
            Arrays.copyOf(name, Math.min(name.length, Tables.BACKING_NAME_BYTES - 1)),
            Tables.BACKING_NAME_BYTES));
    set(Tables.SLOT_COUNT, slotEnd);
    session.setLong(Tables.PAGE_COUNT, index);
    return backing;
  }

  void countBacking() {
    session.addInt(Tables.BACKING_COUNT, 1);
  }

  Backing backing(int backing) {
    int at = Tables.BACKINGS + backing * Tables.BACKING_BYTES;
    return new Backing(
        get(at + Tables.BACKING_FD),
        get(at + Tables.BACKING_EXTENTS_FD),
        (get(at + Tables.BACKING_FLAGS) & Tables.BACKING_SHARED) != 0,
        get(at + Tables.BACKING_FIRST_SLOT),
        get(at + Tables.BACKING_SLOT_COUNT),
        session.getLong(at + Tables.BACKING_EXTENT_COUNT));
  }

  /** The slots of a backing, ascending by page and by index. */
  List<IndexedSlot> slots(Backing backing) {
    List<IndexedSlot> slots = new ArrayList<>();
    for (int i = 0; i < backing.slotCount(); i++) {
      int at = Tables.SLOTS + (backing.firstSlot() + i) * Tables.SLOT_BYTES;
      slots.add(
          new IndexedSlot(session.getLong(at), session.getLong(at + 8), session.getLong(at + 16)));
    }
    return slots;
  }

  byte page(long index) {
    return pages.getByte((int) index);
  }

  /** Marks pages that have no marks yet. */
  void markFresh(long index, long count, int bits) {
    byte[] marks = new byte[(int) Math.min(count, MARK_BYTES)];
    Arrays.fill(marks, (byte) bits);
    for (long done = 0; done < count; done += marks.length) {
      byte[] some =
          count - done >= marks.length ? marks : Arrays.copyOf(marks, (int) (count - done));
      pages.write((int) (index + done), some);
    }
  }

  void markPages(long index, long count, int bits) {
    pages.orBytes((int) index, (int) count, bits);
  }

  void readPages(long index, byte[] into) {
    pages.read((int) index, into);
  }

  int spaceCount() {
    return get(Tables.SPACE_COUNT);
  }

  int ref(int space, int field) {
    return get(Tables.SPACES + space * Tables.REF_BYTES + field);
  }

  long counter(int space, Tables.Counter counter) {
    return getLong(
        Tables.SPACES + space * Tables.REF_BYTES + Tables.REF_COUNTERS + 8 * counter.ordinal());
  }

  /** For a space that nobody serves yet. */
  void addCounter(int space, Tables.Counter counter, long delta) {
    addLong(
        Tables.SPACES + space * Tables.REF_BYTES + Tables.REF_COUNTERS + 8 * counter.ordinal(),
        delta);
  }

  /** A counter, summed over all spaces, living and dead. */
  long total(Tables.Counter counter) {
    long sum = getLong(Tables.GONE + 8 * counter.ordinal());
    for (int space = 0; space < spaceCount(); space++) {
      sum += counter(space, counter);
    }
    return sum;
  }

  /** Takes the oldest request of a space, or returns null. One thread only. */
  Request takeRequest(int space) {
    int at = Tables.SPACES + space * Tables.REF_BYTES;
    int tail = get(at + Tables.REF_RING_TAIL);
    if (ref(space, Tables.REF_STATE) != Tables.STATE_READY
        || get(at + Tables.REF_RING_HEAD) == tail) {
      return null;
    }
    int slot = at + Tables.REF_RING + Math.floorMod(tail, Tables.RING_SIZE) * Tables.REQUEST_BYTES;
    Request request =
        new Request(
            space,
            session.getLong(slot),
            session.getLong(slot + 8),
            (get(slot + 16) & Tables.REQUEST_REFILL) != 0);
    set(at + Tables.REF_RING_TAIL, tail + 1);
    return request;
  }

  /** The extents as thaw-init keeps them for a later filler. */
  static Memfd extentsFile(List<Extent> extents) throws IOException {
    int bytes = extents.size() * Tables.EXTENT_BYTES;
    Memfd file = Memfd.create("thaw-extents", bytes);
    ByteBuffer out = ByteBuffer.allocateDirect(Math.max(1, bytes)).order(ByteOrder.nativeOrder());
    for (Extent e : extents) {
      out.putLong(e.firstPage()).putLong(e.pageCount()).putLong(e.firstStorePage());
    }
    file.write(out, 0, bytes, 0);
    return file;
  }

  /** The inverse of {@link #extentsFile}. */
  static List<Extent> readExtents(Fd file, long count) throws IOException {
    SharedMapping in = new SharedMapping(file, Math.max(1, count * Tables.EXTENT_BYTES));
    List<Extent> extents = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int at = i * Tables.EXTENT_BYTES;
      extents.add(new Extent(in.getLong(at), in.getLong(at + 8), in.getLong(at + 16)));
    }
    return extents;
  }
}
