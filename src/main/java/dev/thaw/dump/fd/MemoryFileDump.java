package dev.thaw.dump.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.file.MemoryFile;
import dev.thaw.linux.Fcntl;
import dev.thaw.linux.Fd;
import dev.thaw.linux.StatFs;
import dev.thaw.pager.TreeLimits;
import java.io.IOException;

/** {@link MemoryFile}: memfds and tmpfs files without a name. */
public final class MemoryFileDump implements FileDump {
  private static final int S_IFREG = 0100000;
  private static final int O_PATH = 010000000;
  private static final String MEMFD = "/memfd:";
  private static final String DELETED = " (deleted)";

  @Override
  public boolean claims(OpenedFile file) throws IOException {
    return file.type() == S_IFREG
        && file.deleted()
        && file.link().startsWith("/")
        && (file.link().startsWith(MEMFD)
            || StatFs.typeOf(file.magicLink().toString()) == StatFs.TMPFS_MAGIC
            || isHuge(file));
  }

  @Override
  public OpenFile dump(int id, OpenedFile file, OpenedFiles tree) throws IOException {
    if (file.names() > 0) {
      throw file.unsupported("it has another name now; open it by that one");
    }
    int seals = seals(file);
    String device = device(file.device());
    int object =
        tree.context()
            .sharedMemory()
            .idOf(device, file.inode(), file.magicLink(), newId -> describe(newId, file, seals));
    return new MemoryFile(id, file.flags(), object, file.position(), seals);
  }

  private static boolean isHuge(OpenedFile file) throws IOException {
    return StatFs.typeOf(file.magicLink().toString()) == StatFs.HUGETLBFS_MAGIC;
  }

  private static int seals(OpenedFile file) throws IOException {
    if ((file.flags() & O_PATH) != 0) {
      return 0;
    }
    try (Fd own = file.take()) {
      return Fcntl.seals(own);
    }
  }

  private static SharedMemory describe(int id, OpenedFile file, int seals) throws IOException {
    if (file.sizeBytes() > TreeLimits.BYTES) {
      throw file.unsupported(
          String.format(
              "it is %d GiB long, with its holes, and %d can be restored; shorten it",
              file.sizeBytes() >>> 30, TreeLimits.BYTES >>> 30));
    }
    boolean memfd = file.link().startsWith(MEMFD);
    String link = file.link();
    return new SharedMemory(
        id,
        memfd ? SharedMemory.Kind.MEMFD : SharedMemory.Kind.UNLINKED,
        memfd ? link.substring(MEMFD.length(), link.length() - DELETED.length()) : "",
        file.sizeBytes(),
        seals,
        file.mode() & 07777,
        SharedMemory.SysVKey.NONE,
        isHuge(file) ? StatFs.blockBytes(file.magicLink().toString()) : 0);
  }

  /** As smaps writes a device number. */
  private static String device(long device) {
    return String.format(
        "%02x:%02x", (device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00));
  }
}
