package dev.thaw.restore;

import dev.thaw.image.SharedMemory;
import dev.thaw.linux.Errno;
import dev.thaw.linux.SysVSegment;
import dev.thaw.linux.SyscallException;
import dev.thaw.proc.SysVShm;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The System V segments of a tree, filled before it attaches to them. A segment that outlived the
 * tree is taken again, if nobody uses it, and gets the content of the dump.
 *
 * <p>Those that were made are removed where the restore fails.
 */
final class SysVSegments implements AutoCloseable {
  /** What ipcs(1) reads. */
  static final Path LIST = Path.of("/proc/sysvipc/shm");

  private static final int PAGE_SHIFT = 12;

  private final Map<SharedMemory, SysVSegment> segments = new LinkedHashMap<>();
  private final List<SysVSegment> made = new ArrayList<>();
  private boolean keep;

  /** Makes and fills all. */
  void make(Images images, PageWriter writer) throws IOException {
    for (SharedMemory memory : images.files().sharedMemory()) {
      if (memory.kind() == SharedMemory.Kind.SYSV) {
        SysVSegment segment = obtain(memory);
        segments.put(memory, segment);
        long firstPage = segment.address() >>> PAGE_SHIFT;
        for (PagemapRun run : images.runs(memory.pagemapName())) {
          writer.write(
              (int) ProcessHandle.current().pid(),
              new PagemapRun(firstPage + run.firstPage(), run.pageCount(), run.firstStorePage()));
        }
      }
    }
  }

  private SysVSegment obtain(SharedMemory memory) throws IOException {
    SharedMemory.SysVKey identity = memory.sysv();
    Optional<SysVShm> there = SysVShm.find(Files.readString(LIST), identity.id());
    if (there.isEmpty()) {
      return create(memory);
    }
    SysVShm found = there.get();
    boolean same =
        found.key() == identity.key()
            && found.bytes() == memory.sizeBytes()
            && !found.removed()
            && !identity.markedForRemoval();
    if (!same || found.attachments() != 0) {
      throw new RestoreRefusedException(
          "System V segment "
              + identity.id()
              + ": the id is taken by a segment "
              + (same ? "that is in use" : "of somebody else")
              + "; see ipcs -m, and remove it with ipcrm -m "
              + identity.id());
    }
    return SysVSegment.attach(identity.id());
  }

  private SysVSegment create(SharedMemory memory) throws IOException {
    SharedMemory.SysVKey identity = memory.sysv();
    try {
      SysVSegment segment =
          SysVSegment.create(
              identity.id(),
              identity.key(),
              memory.sizeBytes(),
              memory.mode(),
              memory.hugePageBytes());
      made.add(segment);
      segment.own(identity.uid(), identity.gid(), memory.mode());
      return segment;
    } catch (SyscallException e) {
      String way =
          e.errno() == Errno.EEXIST ? "; another segment has its key or id: see ipcs -m" : "";
      throw new RestoreException("System V segment " + identity.id() + ": " + e.getMessage() + way);
    }
  }

  /** The tree is attached: what was marked for removal is marked again. */
  void keep() throws IOException {
    for (Map.Entry<SharedMemory, SysVSegment> entry : segments.entrySet()) {
      if (entry.getKey().sysv().markedForRemoval()) {
        entry.getValue().remove();
      }
    }
    keep = true;
  }

  @Override
  public void close() throws IOException {
    for (SysVSegment segment : segments.values()) {
      segment.close();
    }
    if (!keep) {
      for (SysVSegment segment : made) {
        segment.remove();
      }
    }
  }
}
