package dev.thaw.dump.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.file.RegularFile;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;

/** {@link RegularFile}: files and directories that are opened again by name. */
public final class RegularFileDump implements FileDump {
  private static final int S_IFREG = 0100000;
  private static final int S_IFDIR = 0040000;
  private static final int O_PATH = 010000000;

  @Override
  public boolean claims(OpenedFile file) {
    boolean named = file.link().startsWith("/");
    return named
        && (file.type() == S_IFREG || file.type() == S_IFDIR || (file.flags() & O_PATH) != 0);
  }

  @Override
  public OpenFile dump(int id, OpenedFile file, OpenedFiles tree) throws IOException {
    if (file.deleted()) {
      throw file.unsupported("the file was deleted while open; close it or keep its name");
    }
    requireSameFile(file);
    return new RegularFile(
        id,
        file.flags(),
        tree.context().identities().of(file.link(), file.magicLink(), false),
        file.position(),
        file.type() == S_IFDIR,
        FileLocksDump.of(tree.entry(id)));
  }

  /** The name must lead to the same inode, seen from the process's root. */
  private static void requireSameFile(OpenedFile file) throws IOException {
    var named = file.proc().path("root" + file.link());
    Map<String, Object> found;
    try {
      found = Files.readAttributes(named, "unix:ino,dev");
    } catch (IOException e) {
      throw file.unsupported("its name no longer leads to it: " + e.getMessage());
    }
    if ((long) found.get("ino") != file.inode() || (long) found.get("dev") != file.device()) {
      throw file.unsupported("its name now leads to another file; close it or restore the name");
    }
  }
}
