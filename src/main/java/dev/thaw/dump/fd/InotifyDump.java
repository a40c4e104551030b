package dev.thaw.dump.fd;

import dev.thaw.image.OpenFile;
import dev.thaw.image.file.Inotify;
import dev.thaw.image.file.Inotify.Watch;
import dev.thaw.linux.Fcntl;
import dev.thaw.linux.Fd;
import dev.thaw.linux.FileHandles;
import dev.thaw.linux.SyscallException;
import dev.thaw.proc.InotifyInfo;
import dev.thaw.proc.MountInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** {@link Inotify}: fdinfo holds file handles, the kernel turns them into paths. */
public final class InotifyDump implements FileDump {
  @Override
  public boolean claims(OpenedFile file) {
    return file.link().equals("anon_inode:inotify");
  }

  @Override
  public OpenFile dump(int id, OpenedFile file, OpenedFiles tree) throws IOException {
    try (Fd own = file.take()) {
      if (Fcntl.readableBytes(own) > 0) {
        throw file.unsupported(
            "it holds events that the program has not read; dump again when it has");
      }
    }
    List<MountInfo> mounts = MountInfo.parse(file.proc().text("mountinfo"));
    List<Watch> watches = new ArrayList<>();
    for (InotifyInfo watch : InotifyInfo.parse(file.fdinfo().get("inotify wd"))) {
      if (watch.descriptor() > Inotify.MAX_DESCRIPTOR) {
        throw file.unsupported(
            "watch descriptor " + watch.descriptor() + " is too high to be made again");
      }
      watches.add(new Watch(watch.descriptor(), path(file, watch, mounts), watch.mask()));
    }
    watches.sort(Comparator.comparingInt(Watch::descriptor));
    return new Inotify(id, file.flags(), watches);
  }

  private static String path(OpenedFile file, InotifyInfo watch, List<MountInfo> mounts)
      throws IOException {
    for (MountInfo mount : mounts) {
      if (mount.major() == watch.major() && mount.minor() == watch.minor()) {
        Optional<String> path = path(file, watch, mount);
        if (path.isPresent()) {
          return path.get();
        }
      }
    }
    throw file.unsupported(
        String.format(
            "the file that watch %d is on (inode %d) cannot be found by name; remove the watch first",
            watch.descriptor(), watch.inode()));
  }

  private static Optional<String> path(OpenedFile file, InotifyInfo watch, MountInfo mount)
      throws IOException {
    String root = file.proc().path("root").toString();
    try (Fd found =
        FileHandles.open(root + mount.mountPoint(), watch.handleType(), watch.handle())) {
      String path = Files.readSymbolicLink(Path.of("/proc/self/fd/" + found.number())).toString();
      return leadsTo(Path.of(root + path), watch.inode()) ? Optional.of(path) : Optional.empty();
    } catch (SyscallException e) {
      return Optional.empty(); // a file system that does not decode handles, or a stale one
    }
  }

  private static boolean leadsTo(Path path, long inode) {
    try {
      return (long) Files.getAttribute(path, "unix:ino") == inode;
    } catch (IOException e) {
      return false;
    }
  }
}
