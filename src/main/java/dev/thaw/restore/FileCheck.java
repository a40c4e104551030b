package dev.thaw.restore;

import dev.thaw.image.FileIdentity;
import dev.thaw.image.OpenFile;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.Vma;
import dev.thaw.image.file.RegularFile;
import dev.thaw.proc.Elf;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Checks, before anything is made, that the files which the tree needs are there and are the same
 * where a changed one would change the memory of the program.
 */
final class FileCheck {
  private static final int HEAD_BYTES = 8192;

  /** Not there before its process is. */
  private static final String OF_PROCESS = "/proc/\\d+(/.*)?";

  private final boolean acceptChanged;
  private final Map<Path, Approved> approved;

  /** As lists of components: the first hash of a record costs a JVM 30 ms. */
  private final Set<List<Object>> seen = new HashSet<>();

  /**
   * A file whose build-id was read and right. Its content cannot change without its ctime.
   *
   * @param stat the attributes of then
   */
  record Approved(FileIdentity file, Map<String, Object> stat) {}

  FileCheck(boolean acceptChanged) {
    this(acceptChanged, new HashMap<>());
  }

  /**
   * One of many checks of the same checkpoint.
   *
   * @param approved what the others have found, added to; thread safe if they are made at once
   */
  FileCheck(boolean acceptChanged, Map<Path, Approved> approved) {
    this.acceptChanged = acceptChanged;
    this.approved = approved;
  }

  /** Checks every file that the checkpoint names. */
  void check(Images images) throws IOException {
    Set<String> openForWriting = new HashSet<>();
    for (OpenFile file : images.files().files()) {
      if (file instanceof RegularFile regular && (file.flags() & 3) != 0) {
        openForWriting.add(regular.file().path());
      }
    }
    for (ProcessImage process : images.processes()) {
      Path root = Path.of(process.root());
      check(process.pid(), root, process.mm().exe(), openForWriting);
      for (Vma vma : process.mm().vmas()) {
        if (vma.backing() instanceof Vma.Backing.MappedFile mapped) {
          check(process.pid(), root, mapped.file(), openForWriting);
        }
      }
    }
    for (OpenFile file : images.files().files()) {
      if (file instanceof RegularFile regular && !regular.file().path().matches(OF_PROCESS)) {
        check(images.manifest().rootPid(), Path.of("/"), regular.file(), openForWriting);
      }
    }
  }

  private void check(int pid, Path root, FileIdentity file, Set<String> openForWriting)
      throws IOException {
    List<Object> identity =
        List.of(file.path(), file.sizeBytes(), file.modifiedNanos(), file.buildId(), file.strict());
    if (!seen.add(identity)) {
      return;
    }
    Path path = Path.of(root + file.path());
    Map<String, Object> stat;
    try {
      stat = Files.readAttributes(path, "unix:dev,ino,size,lastModifiedTime,ctime");
    } catch (NoSuchFileException e) {
      throw new RestoreRefusedException(
          "pid " + pid + ": " + file.path() + ": is not there any more; bring it back");
    }
    if (!file.strict() || acceptChanged || openForWriting.contains(file.path())) {
      return;
    }
    if (!file.buildId().isEmpty()) {
      Approved now = new Approved(file, stat);
      Approved before = approved.get(path);
      if (before == null || !before.equals(now)) {
        requireBuildId(pid, file, path);
        approved.put(path, now);
      }
      return;
    }
    long modified = ((FileTime) stat.get("lastModifiedTime")).to(TimeUnit.NANOSECONDS);
    if ((long) stat.get("size") != file.sizeBytes() || modified != file.modifiedNanos()) {
      throw changed(pid, file, "its size or modification time differs");
    }
  }

  private static void requireBuildId(int pid, FileIdentity file, Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      String found = Elf.buildId(in.readNBytes(HEAD_BYTES)).orElse("");
      if (!found.equals(file.buildId())) {
        throw changed(pid, file, "its build-id is " + found + ", was " + file.buildId());
      }
    }
  }

  private static RestoreRefusedException changed(int pid, FileIdentity file, String how) {
    return new RestoreRefusedException(
        "pid "
            + pid
            + ": "
            + file.path()
            + ": changed since the dump ("
            + how
            + "); bring the old one back, or accept it with --accept-changed-files");
  }
}
