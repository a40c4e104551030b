package dev.thaw.dump.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.file.RegularFile;
import dev.thaw.linux.StatFs;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@link RegularFile}: files and directories that are opened again by name. */
public final class RegularFileDump implements FileDump {
  private static final int S_IFREG = 0100000;
  private static final int S_IFDIR = 0040000;
  private static final int O_PATH = 010000000;

  /** A file of a process, of one of its threads, or another one. */
  private static final Pattern PROC =
      Pattern.compile("/proc(/(?<pid>\\d+)(/task/(?<tid>\\d+))?)?(/.*)?");

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
    if (StatFs.typeOf(file.magicLink().toString()) == StatFs.PROC_SUPER_MAGIC) {
      requireProcess(file, tree);
    }
    return new RegularFile(
        id,
        file.flags(),
        tree.context().identities().of(file.link(), file.magicLink(), false),
        file.position(),
        file.type() == S_IFDIR,
        FileLocksDump.of(tree.entry(id)));
  }

  /**
   * A file of a process in /proc goes with the process. Those of the tree are there when their
   * descriptors come back, their other threads are not.
   */
  private static void requireProcess(OpenedFile file, OpenedFiles tree) throws IOException {
    Matcher path = PROC.matcher(file.link());
    if (!path.matches()) {
      throw file.unsupported("its /proc is mounted in another place; close it before the dump");
    }
    if (path.group("pid") == null) {
      return;
    }
    int pid = Integer.parseInt(path.group("pid"));
    if (!tree.hasProcess(pid)) {
      throw file.unsupported(
          "process " + pid + " is not in the tree; close it, or dump a tree with that process");
    }
    if (path.group("tid") != null && Integer.parseInt(path.group("tid")) != pid) {
      throw file.unsupported("files of single threads are not supported yet; close it");
    }
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
