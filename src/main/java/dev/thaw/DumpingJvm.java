package dev.thaw;

import dev.thaw.ThawException.Kind;
import dev.thaw.linux.NativeFiles;

/** What a JVM must have, and must not be to a process, in order to dump it. */
final class DumpingJvm {
  private DumpingJvm() {}

  /** Refuses, before anything is touched, what this JVM could only fail to dump. */
  static void require(int pid) throws ThawException {
    try {
      NativeFiles.find("libthaw.so");
      NativeFiles.find("blob.bin");
    } catch (IllegalStateException e) {
      throw new ThawException(Kind.FAILED, e.getMessage(), e);
    }
    long parent =
        ProcessHandle.of(pid).flatMap(ProcessHandle::parent).map(ProcessHandle::pid).orElse(-1L);
    if (parent == ProcessHandle.current().pid()) {
      // waitpid(2) of any thread reports a tracee's stops, and java.lang.Process takes one for its
      // end.
      throw new ThawException(
          Kind.REFUSED,
          "pid "
              + pid
              + ": is a child of this JVM, which waits for it in a thread that would take its stops"
              + " away; start it below a shell that waits for it, or use the command thaw dump",
          null);
    }
  }
}
