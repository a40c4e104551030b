package dev.thaw.pager;

import dev.thaw.linux.Memfd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The table of one address space, {@code struct thaw_space}, as the JVM writes it at the beginning.
 */
final class SpaceTable {
  private static final int MARK_BYTES = 65536;

  private SpaceTable() {}

  /** A VMA with the index of its pages; what lies outside of every slot has none. */
  record IndexedVma(SpaceVma vma, long index) {}

  /** The VMAs by address, with their indices. */
  static List<IndexedVma> indexed(
      List<SpaceVma> vmas, IntFunction<List<SessionTable.IndexedSlot>> slotsOf) {
    List<SpaceVma> sorted = new ArrayList<>(vmas);
    sorted.sort(Comparator.comparingLong(SpaceVma::start));
    List<IndexedVma> indexed = new ArrayList<>();
    long end = 0;
    for (SpaceVma vma : sorted) {
      if (vma.start() < end) {
        throw new IllegalArgumentException(String.format("%s overlaps the one below", vma));
      }
      end = vma.end();
      index(vma, slotsOf.apply(vma.backing()), indexed);
    }
    if (indexed.size() > Tables.MAX_VMAS) {
      throw new IllegalStateException(indexed.size() + " VMAs");
    }
    return indexed;
  }

  private static void index(
      SpaceVma vma, List<SessionTable.IndexedSlot> slots, List<IndexedVma> out) {
    SessionTable.IndexedSlot slot = floor(slots, vma.firstPage());
    long slotEnd = slot.firstPage() + slot.pageCount();
    if (vma.firstPage() < slot.firstPage() || vma.firstPage() >= slotEnd) {
      throw new IllegalArgumentException(vma + " begins in no slot of its backing");
    }
    long inside = Math.min(vma.pageCount(), slotEnd - vma.firstPage());
    long split = vma.start() + inside * Memfd.PAGE_BYTES;
    long index = slot.index() + vma.firstPage() - slot.firstPage();
    out.add(new IndexedVma(cut(vma, vma.start(), split), index));
    if (split < vma.end()) {
      out.add(new IndexedVma(cut(vma, split, vma.end()), Tables.NO_INDEX));
    }
  }

  private static SpaceVma cut(SpaceVma vma, long start, long end) {
    return new SpaceVma(
        start,
        end,
        vma.backing(),
        vma.firstPage() + (start - vma.start()) / Memfd.PAGE_BYTES,
        vma.kind());
  }

  /** Writes the bytes of pages about which something is known from the beginning. */
  static void mark(
      Memfd space, List<SpaceMark> marks, IntFunction<List<SessionTable.IndexedSlot>> slotsOf)
      throws IOException {
    for (SpaceMark mark : marks) {
      long index = indexOf(mark, slotsOf.apply(mark.backing()));
      ByteBuffer bytes = ByteBuffer.allocateDirect((int) Math.min(mark.pageCount(), MARK_BYTES));
      while (bytes.hasRemaining()) {
        bytes.put((byte) mark.kind().bits());
      }
      for (long done = 0; done < mark.pageCount(); done += bytes.capacity()) {
        int some = (int) Math.min(bytes.capacity(), mark.pageCount() - done);
        space.write(bytes, 0, some, Tables.SPACE_PAGES_OFFSET + index + done);
      }
    }
  }

  private static long indexOf(SpaceMark mark, List<SessionTable.IndexedSlot> slots) {
    SessionTable.IndexedSlot slot = floor(slots, mark.firstPage());
    if (mark.firstPage() < slot.firstPage()
        || mark.firstPage() + mark.pageCount() > slot.firstPage() + slot.pageCount()) {
      throw new IllegalArgumentException(mark + " lies in no slot of its backing");
    }
    return slot.index() + mark.firstPage() - slot.firstPage();
  }

  /** The last slot that begins at or below {@code page}, or the first. */
  private static SessionTable.IndexedSlot floor(List<SessionTable.IndexedSlot> slots, long page) {
    int low = 0;
    int high = slots.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (slots.get(middle).firstPage() <= page) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return slots.get(low);
  }

  /** Makes the memfd. The caller owns it. */
  static Memfd create(List<IndexedVma> vmas) throws IOException {
    int bytes = Tables.SPACE_VMAS + vmas.size() * Tables.VMA_BYTES;
    ByteBuffer out = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    out.putInt(0, Tables.VERSION);
    out.putLong(Tables.SPACE_COMMIT, 0);
    out.putLong(Tables.SPACE_JOURNAL_SEQ, 1);
    out.putInt(Tables.SPACE_VMA_COUNT, vmas.size());
    out.position(Tables.SPACE_VMAS);
    for (IndexedVma v : vmas) {
      out.putLong(v.vma().start()).putLong(v.vma().end());
      out.putLong(v.vma().firstPage()).putLong(v.index());
      out.putInt(v.vma().backing());
      out.putShort((short) v.vma().kind().code()).putShort((short) v.vma().kind().flags());
    }
    Memfd memfd = Memfd.create("thaw-space", Tables.SPACE_BYTES);
    try {
      memfd.write(out, 0, bytes, 0);
    } catch (IOException e) {
      memfd.close();
      throw e;
    }
    return memfd;
  }
}
