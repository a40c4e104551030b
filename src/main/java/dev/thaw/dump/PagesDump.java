package dev.thaw.dump;

import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.Vma;
import dev.thaw.linux.PagemapScan;
import dev.thaw.linux.ProcessVm;
import dev.thaw.proc.ProcMaps;
import dev.thaw.store.PageSink;
import dev.thaw.store.PageStoreWriter;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Copies the pages of a frozen tree into the page store: first says which, then reads them. Holds
 * descriptors of what it reads until {@link #close}.
 */
final class PagesDump implements AutoCloseable {
  private static final int PAGE_SHIFT = 12;
  private static final int PAGE = 1 << PAGE_SHIFT;
  private static final int PROT_READ = 1;

  private final PageStoreWriter store;
  private final LazyPages lazy;
  private final PageReaders readers;
  private final List<Closeable> opened = new ArrayList<>();

  /**
   * @param lazy which pages of a tree that was itself restored are still to come
   */
  PagesDump(PageStoreWriter store, LazyPages lazy) {
    this.store = store;
    this.lazy = lazy;
    this.readers = new PageReaders(store);
  }

  /** The private pages of one process, keyed by address &gt;&gt; 12. */
  void privatePages(int pid, List<Vma> vmas) throws IOException {
    PageSink sink = store.sinkWithZeroRuns(ProcessImage.pagemapName(pid));
    FileChannel memory = FileChannel.open(new ProcDir(pid).path("mem"), StandardOpenOption.READ);
    opened.add(memory);
    PageReaders.Source readable = (address, bytes) -> readAll(pid, address, bytes);
    PageReaders.Source forced = (address, bytes) -> readForced(pid, memory, address, bytes);
    try (PagemapScan pagemap = new PagemapScan(pid)) {
      for (Vma vma : vmas) {
        if (vma.backing().paged()) {
          PageReaders.Source source = (vma.prot() & PROT_READ) != 0 ? readable : forced;
          for (PagemapScan.Range range : held(pagemap, vma)) {
            readers.add(source, sink, range.start(), range.end());
          }
        }
      }
    }
  }

  /** Pages of {@code vma} that a restore could not get from a file or as zeros. */
  private List<PagemapScan.Range> held(PagemapScan pagemap, Vma vma) throws IOException {
    long start = vma.start().value();
    long end = vma.end().value();
    boolean anonymous = vma.backing() instanceof Vma.Backing.Anonymous;
    long none = PagemapScan.PAGE_IS_PFNZERO;
    if (!anonymous) {
      none |= PagemapScan.PAGE_IS_FILE;
    }
    List<PagemapScan.Range> present =
        pagemap.scan(start, end, PagemapScan.PAGE_IS_PRESENT | PagemapScan.PAGE_IS_SWAPPED, none);
    return anonymous ? lazy.merge(start, end, present) : present;
  }

  private static void readAll(int pid, long address, ByteBuffer bytes) throws IOException {
    long at = address;
    while (bytes.hasRemaining()) {
      int done = ProcessVm.read(pid, at, bytes);
      if (done == 0) {
        throw new EOFException(String.format("pid %d: no memory at %#x", pid, at));
      }
      at += done;
    }
  }

  /** /proc/PID/mem reads what the process itself may not: PROT_NONE and write-only pages. */
  private void readForced(int pid, FileChannel memory, long address, ByteBuffer bytes)
      throws IOException {
    long at = address;
    while (bytes.hasRemaining()) {
      int done;
      try {
        done = memory.read(bytes, at);
      } catch (IOException e) {
        done = readAbsent(pid, at, bytes, e);
      }
      if (done <= 0) {
        throw new EOFException(String.format("pid %d: no memory at %#x", pid, at));
      }
      at += done;
    }
  }

  /**
   * One page that the pager has not installed yet and nobody may read: /proc/PID/mem gives EIO at
   * once for it (no fault that waits), so it is read from the memfd that is mapped there, unless
   * the process has given it away.
   */
  private int readAbsent(int pid, long address, ByteBuffer bytes, IOException refused)
      throws IOException {
    ByteBuffer page = bytes.slice(bytes.position(), PAGE);
    switch (lazy.held(pid, address)) {
      case NOWHERE -> page.put(new byte[PAGE]);
      case MEMFD -> readBacking(pid, address, page);
      default ->
          throw new IOException(
              String.format(
                  "pid %d: its memory at %#x is not there yet (%s); dump it when thaw stats says that"
                      + " all pages are",
                  pid, address, refused.getMessage()),
              refused);
    }
    bytes.position(bytes.position() + PAGE);
    return PAGE;
  }

  private static void readBacking(int pid, long address, ByteBuffer page) throws IOException {
    ProcDir proc = new ProcDir(pid);
    for (ProcMaps.Line line : ProcMaps.parse(proc.text("maps"))) {
      if (line.start() <= address && address < line.end() && line.inode() != 0) {
        try (FileChannel backing =
            FileChannel.open(proc.path("map_files/" + line.range()), StandardOpenOption.READ)) {
          long position = line.offset() + address - line.start();
          while (page.hasRemaining()) {
            if (backing.read(page, position + page.position()) <= 0) {
              throw new EOFException(String.format("pid %d: its memfd ends at %#x", pid, address));
            }
          }
          return;
        }
      }
    }
    throw new EOFException(String.format("pid %d: no memfd at %#x", pid, address));
  }

  /** The pages of an object that several mappings share, keyed by page number in it. */
  void sharedPages(SharedMemoryTable.Entry entry) throws IOException {
    SharedMemory memory = entry.memory();
    PageSink sink = store.sink(memory.pagemapName());
    SparseFile file = new SparseFile(entry.magicLink());
    opened.add(file);
    // A System V segment may end inside of a huge page: the program has all of the page.
    long bytes = memory.isHuge() ? memory.pages() * 4096 : memory.sizeBytes();
    for (SparseFile.Extent extent : file.extents(bytes)) {
      readers.add(file::readZeroPadded, sink, extent.start(), extent.end());
    }
  }

  /** How many were named so far. */
  long count() {
    return readers.count();
  }

  /**
   * Reads all that was named above.
   *
   * @param threads that read
   */
  void read(int threads) throws IOException {
    readers.read(threads);
  }

  @Override
  public void close() throws IOException {
    for (Closeable each : opened) {
      each.close();
    }
  }
}
