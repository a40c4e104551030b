package dev.thaw.dump.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.file.ProcessFd;
import java.io.IOException;

/** {@link ProcessFd}: pidfds of living processes of the tree. */
public final class ProcessFdDump implements FileDump {
  /** O_EXCL: it names a single thread, which comes back later than descriptors do. */
  private static final int PIDFD_THREAD = 0200;

  @Override
  public boolean claims(OpenedFile file) {
    return file.link().equals("anon_inode:[pidfd]") || file.link().startsWith("pidfd:");
  }

  @Override
  public OpenFile dump(int id, OpenedFile file, OpenedFiles tree) throws IOException {
    int pid = Integer.parseInt(file.info("Pid"));
    if (!tree.hasProcess(pid)) {
      throw file.unsupported(
          pid > 0
              ? "process " + pid + " is not in the tree; close the pidfd, or dump a tree with it"
              : "its process has ended; close the pidfd");
    }
    if ((file.flags() & PIDFD_THREAD) != 0) {
      throw file.unsupported("pidfds of single threads are not supported yet; close it");
    }
    return new ProcessFd(id, file.flags(), pid);
  }
}
