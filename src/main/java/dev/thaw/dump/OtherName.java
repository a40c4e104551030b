package dev.thaw.dump;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The name that a file has where it has lost the one by which it was opened. sem_open(3) makes a
 * named semaphore so: under a temporary name, which is linked to its own and then removed.
 */
final class OtherName {
  private OtherName() {}

  /** How many names the file behind a magic link of /proc has. */
  static int count(Path magicLink) throws IOException {
    return (int) Files.getAttribute(magicLink, "unix:nlink");
  }

  /**
   * Looks beside its old name.
   *
   * @param oldPath as the process named it
   * @param root where the process's paths begin
   */
  static Optional<String> beside(String oldPath, Path root, Path magicLink) throws IOException {
    Path directory = Path.of(oldPath).getParent();
    Map<String, Object> wanted = Files.readAttributes(magicLink, "unix:dev,ino");
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(root.resolve(directory.toString().substring(1)))) {
      for (Path entry : entries) {
        if (wanted.equals(Files.readAttributes(entry, "unix:dev,ino", LinkOption.NOFOLLOW_LINKS))) {
          return Optional.of(directory.resolve(entry.getFileName().toString()).toString());
        }
      }
    }
    return Optional.empty();
  }
}
