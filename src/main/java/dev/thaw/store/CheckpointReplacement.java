package dev.thaw.store;

import dev.thaw.linux.Rename;
import dev.thaw.linux.SyscallException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * Puts a new checkpoint in the place of an old one in a single step: the new directory is made
 * complete and durable beside the old, then the two change places (RENAME_EXCHANGE). Whoever opens
 * the directory finds the old checkpoint or the new, at every instant and after every crash. What
 * of the old has been opened stays readable.
 */
final class CheckpointReplacement {
  private final Path target;
  private final Set<String> ofCheckpoint;

  /**
   * @param target the old checkpoint, a real path
   * @param ofCheckpoint the names of its files; everything else in it is somebody's and is kept
   */
  CheckpointReplacement(Path target, Set<String> ofCheckpoint) {
    this.target = target;
    this.ofCheckpoint = ofCheckpoint;
  }

  /**
   * Replaces it.
   *
   * @param fresh the new checkpoint, whole and durable, in the same directory as the old one. Holds
   *     what is left of the old one when this has failed half way, else it is gone
   */
  void replaceBy(Path fresh) throws IOException {
    linkOthers(fresh);
    sameOwner(fresh);
    sync(fresh);
    try {
      Rename.exchange(fresh, target);
    } catch (SyscallException e) {
      throw new IOException(
          target
              + ": cannot be replaced in one step, is it a mount point, or of a file system that"
              + " cannot do that? ("
              + e.getMessage()
              + ")",
          e);
    }
    sync(target.getParent());
    // `fresh` is the name of the old one now. Somebody may have added a recording meanwhile.
    moveOthers(fresh);
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(fresh)) {
      for (Path entry : entries) {
        Files.delete(entry);
      }
    }
    Files.delete(fresh);
    sync(target.getParent());
  }

  private void linkOthers(Path fresh) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(target)) {
      for (Path entry : entries) {
        boolean regular = Files.isRegularFile(entry, LinkOption.NOFOLLOW_LINKS);
        if (isOther(entry) && regular) {
          Path copy = fresh.resolve(entry.getFileName());
          try {
            Files.createLink(copy, entry);
          } catch (IOException | UnsupportedOperationException e) {
            Files.copy(entry, copy, StandardCopyOption.COPY_ATTRIBUTES);
          }
        }
      }
    }
  }

  private boolean isOther(Path entry) {
    String name = entry.getFileName().toString();
    return !ofCheckpoint.contains(name) && !name.equals(Checksums.FILE);
  }

  private void moveOthers(Path old) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(old)) {
      for (Path entry : entries) {
        Path kept = target.resolve(entry.getFileName());
        if (isOther(entry) && !Files.exists(kept, LinkOption.NOFOLLOW_LINKS)) {
          Files.move(entry, kept, StandardCopyOption.ATOMIC_MOVE);
        }
      }
    }
    sync(target);
  }

  private void sameOwner(Path fresh) throws IOException {
    Object uid = Files.getAttribute(target, "unix:uid");
    Object gid = Files.getAttribute(target, "unix:gid");
    boolean other =
        !uid.equals(Files.getAttribute(fresh, "unix:uid"))
            || !gid.equals(Files.getAttribute(fresh, "unix:gid"));
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(fresh)) {
      for (Path entry : entries) {
        if (other && !isOther(entry)) {
          own(entry, uid, gid);
        }
      }
    }
    if (other) {
      own(fresh, uid, gid);
    }
    Files.setPosixFilePermissions(fresh, Files.getPosixFilePermissions(target));
  }

  private static void own(Path path, Object uid, Object gid) throws IOException {
    Files.setAttribute(path, "unix:uid", uid);
    Files.setAttribute(path, "unix:gid", gid);
  }

  private static void sync(Path path) throws IOException {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      file.force(true);
    }
  }
}
