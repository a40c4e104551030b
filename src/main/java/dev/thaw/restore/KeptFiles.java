package dev.thaw.restore;

import dev.thaw.image.KeptFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** Makes the {@link KeptFile}s that are missing; takes them away again where the restore fails. */
final class KeptFiles implements AutoCloseable {
  private static final int DIRECTORY_MODE = 0755;

  private final List<Path> made = new ArrayList<>();
  private boolean keep;

  /** Makes what is missing. A file that is there stays as it is. */
  void make(List<KeptFile> files) throws IOException {
    for (KeptFile file : files) {
      Path path = Path.of(file.path());
      if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
        continue;
      }
      makeDirectory(path.getParent(), file);
      Files.write(path, file.content(), StandardOpenOption.CREATE_NEW);
      made.add(path);
      own(path, file, file.mode());
    }
  }

  private void makeDirectory(Path directory, KeptFile file) throws IOException {
    if (!Files.exists(directory)) {
      Files.createDirectory(directory);
      made.add(directory);
      own(directory, file, DIRECTORY_MODE);
    }
  }

  private static void own(Path path, KeptFile file, int mode) throws IOException {
    Files.setAttribute(path, "unix:uid", file.uid());
    Files.setAttribute(path, "unix:gid", file.gid());
    Files.setAttribute(path, "unix:mode", mode);
  }

  /** The restore has succeeded: the files belong to the tree. */
  void keep() {
    keep = true;
  }

  @Override
  public void close() throws IOException {
    if (keep) {
      return;
    }
    for (int i = made.size() - 1; i >= 0; i--) {
      Files.deleteIfExists(made.get(i));
    }
  }
}
