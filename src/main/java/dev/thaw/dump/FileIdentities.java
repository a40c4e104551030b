package dev.thaw.dump;

import dev.thaw.image.FileIdentity;
import dev.thaw.proc.Elf;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What is remembered of a file so that the restore can tell whether it is still the same. */
public final class FileIdentities {
  private static final int HEAD_BYTES = 8192;

  /** Build-ids read so far, by path and mtime: a library is mapped five times a process. */
  private final Map<String, String> buildIds = new HashMap<>();

  /**
   * Describes the file behind a magic link of /proc.
   *
   * @param path as the process names it
   * @param magicLink e.g. {@code /proc/PID/fd/3}
   * @param strict see {@link FileIdentity#strict}
   */
  public FileIdentity of(String path, Path magicLink, boolean strict) throws IOException {
    Map<String, Object> stat = Files.readAttributes(magicLink, "unix:size,lastModifiedTime,mode");
    long modified = ((FileTime) stat.get("lastModifiedTime")).to(TimeUnit.NANOSECONDS);
    boolean regular = ((int) stat.get("mode") & 0170000) == 0100000;
    String key = path + "@" + modified;
    String buildId = buildIds.get(key);
    if (buildId == null) {
      boolean ofKernel = path.startsWith("/proc/") || path.startsWith("/sys/");
      buildId = regular && !ofKernel ? readBuildId(magicLink) : ""; // a read there may do things
      buildIds.put(key, buildId);
    }
    return new FileIdentity(
        path, regular ? (long) stat.get("size") : 0, regular ? modified : 0, buildId, strict);
  }

  /** The build-id of an ELF file, or the empty string. */
  public static String readBuildId(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return Elf.buildId(in.readNBytes(HEAD_BYTES)).orElse("");
    }
  }
}
