package dev.thaw.dump;

import java.io.IOException;

/** How much memory a running tree holds, roughly: it goes on changing. */
final class TreeSize {
  private static final long PAGE = 4096;

  private TreeSize() {}

  /** Bytes resident in {@code rootPid} and all below it; what is shared counts for each. */
  static long residentBytes(int rootPid) throws IOException {
    long bytes = 0;
    try {
      bytes = Long.parseLong(new ProcDir(rootPid).text("statm").split(" ")[1]) * PAGE;
      for (int child : TreeFreezer.children(rootPid)) {
        bytes += residentBytes(child);
      }
    } catch (IOException e) {
      // it ended meanwhile
    }
    return bytes;
  }
}
