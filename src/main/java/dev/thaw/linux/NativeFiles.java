package dev.thaw.linux;

import java.net.URISyntaxException;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Where {@code thaw-init}, {@code libthaw.so} and {@code blob.bin} are. */
public final class NativeFiles {
  private NativeFiles() {}

  /** Where make install puts them, and packages do. */
  private static final List<Path> INSTALLED =
      List.of(Path.of("/usr/local/lib/thaw/native"), Path.of("/usr/lib/thaw/native"));

  /**
   * The file of that name, absolute: in the directory that the system property {@code thaw.native}
   * names; without it in {@code native} beside the jar or directory that this class is in, or else
   * where Thaw is installed.
   *
   * @throws IllegalStateException where it is not there; the message is for users
   */
  public static Path find(String name) {
    String configured = System.getProperty("thaw.native");
    List<Path> directories = new ArrayList<>();
    if (configured != null) {
      directories.add(Path.of(configured));
    } else {
      besideJar().ifPresent(directories::add);
      directories.addAll(INSTALLED);
    }
    for (Path directory : directories) {
      Path file = directory.resolve(name).toAbsolutePath();
      if (Files.isReadable(file)) {
        return file;
      }
    }
    throw new IllegalStateException(
        name
            + ": is not in "
            + directories.stream().map(Path::toString).collect(Collectors.joining(", nor in "))
            + "; set the system property thaw.native to the directory of Thaw's native files");
  }

  private static Optional<Path> besideJar() {
    CodeSource source = NativeFiles.class.getProtectionDomain().getCodeSource();
    try {
      return source == null
          ? Optional.empty()
          : Optional.of(Path.of(source.getLocation().toURI()).resolveSibling("native"));
    } catch (URISyntaxException | IllegalArgumentException | FileSystemNotFoundException e) {
      return Optional.empty(); // in an archive inside of an archive
    }
  }
}
