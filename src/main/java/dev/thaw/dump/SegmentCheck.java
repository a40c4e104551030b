package dev.thaw.dump;

import dev.thaw.image.SharedMemory;
import dev.thaw.image.Vma;
import dev.thaw.proc.SysVShm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Refuses trees that share a System V segment with others: a restore makes the segment anew, or
 * gives it the content of the dump, and either would part them. The kernel counts one attachment a
 * VMA (shm_open() in ipc/shm.c).
 */
final class SegmentCheck {
  private static final Path LIST = Path.of("/proc/sysvipc/shm");

  private SegmentCheck() {}

  /** All segments of the tree are attached in the tree only. */
  static void requireInside(SharedMemoryTable table, List<ProcessDump> processes)
      throws IOException {
    for (SharedMemoryTable.Entry entry : table.entries()) {
      SharedMemory memory = entry.memory();
      if (memory.kind() == SharedMemory.Kind.SYSV) {
        requireInside(memory, processes);
      }
    }
  }

  private static void requireInside(SharedMemory memory, List<ProcessDump> processes)
      throws IOException {
    int inside = 0;
    int anyPid = 0;
    for (ProcessDump process : processes) {
      for (Vma vma : process.mm().vmas()) {
        if (vma.backing() instanceof Vma.Backing.SysV sysv && sysv.object() == memory.id()) {
          inside++;
          anyPid = process.pid();
        }
      }
    }
    int id = memory.sysv().id();
    int all = SysVShm.find(Files.readString(LIST), id).map(SysVShm::attachments).orElse(0);
    if (all > inside) {
      throw new UnsupportedResourceException(
          anyPid,
          String.format("System V segment %d (key 0x%08x)", id, memory.sysv().key()),
          String.format(
              "%d of its %d attachments are outside of the tree; detach them (ipcs -m -p -i %d, grep"
                  + " SYSV /proc/*/maps), or dump a tree with those processes",
              all - inside, all, id));
    }
  }
}
