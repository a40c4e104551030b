package dev.thaw.linux;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;

/** Where {@code thaw-init}, {@code libthaw.so} and {@code blob.bin} are. */
public final class NativeFiles {
  private NativeFiles() {}

  /**
   * The file of that name, absolute: in the directory that the system property {@code thaw.native}
   * names, or else in {@code native} beside the jar that this class is in.
   *
   * @throws IllegalStateException where neither has it
   */
  public static Path find(String name) {
    String configured = System.getProperty("thaw.native");
    Path directory = configured != null ? Path.of(configured) : besideJar();
    Path file = directory.resolve(name).toAbsolutePath();
    if (!Files.isReadable(file)) {
      throw new IllegalStateException(
          file + " is missing: set the system property thaw.native to where thaw-init is");
    }
    return file;
  }

  private static Path besideJar() {
    CodeSource source = NativeFiles.class.getProtectionDomain().getCodeSource();
    if (source == null) {
      throw new IllegalStateException("set the system property thaw.native to where thaw-init is");
    }
    try {
      return Path.of(source.getLocation().toURI()).resolveSibling("native");
    } catch (URISyntaxException e) {
      throw new IllegalStateException("not a path: " + source.getLocation(), e);
    }
  }
}
