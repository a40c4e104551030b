package dev.thaw.restore;

import dev.thaw.image.ProcessImage;
import dev.thaw.restore.fd.FilesPlan;
import dev.thaw.restore.fd.Phase;

/** How much room the blob needs in every process of the tree, so that each program fits at once. */
final class AreaSize {
  private static final long BASE = 1 << 20;
  private static final long PER_VMA = 1024;
  private static final long PER_THREAD = 64 << 10;

  private AreaSize() {}

  static long of(Images images, FilesPlan files) {
    long most = 0;
    for (ProcessImage process : images.processes()) {
      long bytes = process.mm().vmas().size() * PER_VMA + process.threads().size() * PER_THREAD;
      for (Phase phase : Phase.values()) {
        bytes = Math.max(bytes, files.program(process.pid(), phase).bytes());
      }
      most = Math.max(most, bytes + process.threads().size() * PER_THREAD);
    }
    return (BASE + most + 0xffff) & ~0xffffL;
  }
}
