package dev.thaw.dump.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.file.Pipe;
import dev.thaw.linux.Fcntl;
import dev.thaw.linux.Fd;
import dev.thaw.linux.PipeContent;
import java.io.IOException;
import java.util.List;

/** {@link Pipe}: pipes and FIFOs that nobody outside the tree holds. */
public final class PipeDump implements FileDump {
  private static final int S_IFIFO = 0010000;
  private static final int O_PATH = 010000000;
  private static final int O_DIRECT = 040000;
  private static final int LAST_STANDARD_NUMBER = 2;

  @Override
  public boolean claims(OpenedFile file) {
    return file.type() == S_IFIFO && (file.flags() & O_PATH) == 0;
  }

  @Override
  public OpenFile dump(int id, OpenedFile file, OpenedFiles tree) throws IOException {
    List<OpenedFiles.Entry> ends = tree.ofInode(file);
    boolean named = file.link().startsWith("/");
    if (named && file.deleted()) {
      throw file.unsupported("the FIFO was deleted while open; close it or keep its name");
    }
    try (Fd own = file.take()) {
      refuseOutsiders(file, own, ends);
      boolean holdsContent = ends.get(0).id() == id;
      return new Pipe(
          id,
          file.flags(),
          file.inode(),
          named ? file.link() : "",
          PipeContent.capacityBytes(own),
          holdsContent ? content(ends) : List.of());
    }
  }

  /**
   * Where the tree has one kind of end only, poll(2) tells whether the other kind exists: POLLHUP
   * is "no writers", POLLERR "no readers" (pipe_poll() in fs/pipe.c).
   */
  private static void refuseOutsiders(OpenedFile file, Fd own, List<OpenedFiles.Entry> ends)
      throws IOException {
    boolean readers = ends.stream().anyMatch(e -> e.file().readable());
    boolean writers = ends.stream().anyMatch(e -> e.file().writable());
    int seen = Fcntl.poll(own, Fcntl.POLLIN);
    boolean outside =
        !writers && (seen & Fcntl.POLLHUP) == 0 || !readers && (seen & Fcntl.POLLERR) == 0;
    if (!outside) {
      return;
    }
    String way =
        file.number() <= LAST_STANDARD_NUMBER
            ? "start the program with its input and output redirected to files or /dev/null"
            : "close it before the dump, or dump the process at the other end too";
    throw file.unsupported("the other end of the pipe is outside the tree; " + way);
  }

  private static List<byte[]> content(List<OpenedFiles.Entry> ends) throws IOException {
    boolean packets = ends.stream().anyMatch(e -> (e.file().flags() & O_DIRECT) != 0);
    for (OpenedFiles.Entry end : ends) {
      if (end.file().readable()) {
        try (Fd own = end.file().take()) {
          return PipeContent.peek(own, packets);
        }
      }
    }
    return List.of();
  }
}
