package dev.thaw.dump.fd;

import dev.thaw.linux.UnixDiag;
import dev.thaw.proc.UnixTable;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/** Refuses connections of UNIX sockets that a restore could not make by connect(2) again. */
final class UnixConnectionCheck {
  /** UnixDiag's shutdown of a socket whose peer has closed: unix_release_sock(). */
  private static final int BOTH = 3;

  private UnixConnectionCheck() {}

  /**
   * Both ends are open or one has closed, and a listener with its name can stand in for a moment.
   *
   * @param name of this end; not empty where accept(2) made it
   */
  static void requireRebuildable(OpenedFile file, String name, UnixDiag diag, OpenedFiles tree)
      throws IOException {
    if (diag.peer() == 0 && diag.shutdown() != BOTH) {
      throw file.unsupported(
          "its connection has not been accepted yet; dump when the listener has accepted it");
    }
    if (name.isEmpty()) {
      return;
    }
    String shown = name.replace('\0', '@');
    for (UnixTable.Line line : UnixTable.parse(file.proc().text("net/unix"))) {
      if (line.listens() && line.name().equals(shown) && !has(tree, line.inode())) {
        throw file.unsupported(
            "the listener "
                + shown
                + " is outside the tree; close the connection before the dump, or dump the process"
                + " that listens too");
      }
    }
    if (name.charAt(0) != '\0') {
      Optional<Map<String, Object>> found = UnixSocketDump.fileOf(file, name);
      if (found.isPresent() && !leadsTo(file, name, found.get(), diag, tree)) {
        throw file.unsupported(
            "its name " + shown + " now leads to another file; move that, or close the connection");
      }
    }
  }

  /**
   * Whether the file at a name is that of the socket, or that of a listener of the tree: after a
   * restore, a listener is bound anew, and those it had accepted before are not its file's any
   * more.
   */
  static boolean leadsTo(
      OpenedFile file, String name, Map<String, Object> found, UnixDiag diag, OpenedFiles tree)
      throws IOException {
    long inode = (long) found.get("ino") & 0xffffffffL;
    if (inode == diag.file()) {
      return true;
    }
    for (UnixTable.Line line : UnixTable.parse(file.proc().text("net/unix"))) {
      if (line.listens()
          && line.name().equals(name)
          && has(tree, line.inode())
          && UnixDiag.of(line.inode()).file() == inode) {
        return true;
      }
    }
    return false;
  }

  private static boolean has(OpenedFiles tree, long inode) {
    return tree.entries().stream()
        .anyMatch(e -> e.file().inode() == inode && e.file().link().startsWith("socket:["));
  }
}
