package dev.thaw.store;

import dev.thaw.image.ImageFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The recordings beside a checkpoint, {@code working-set-1.ws} and so on, and with each what the
 * pager counted in that run: {@code working-set-1.stats}. They are in no list of checksums: a
 * checkpoint is whole without them, and readers that do not know them pass them over.
 */
public final class RecordingFiles {
  private static final String PREFIX = "working-set-";
  private static final String SUFFIX = ".ws";
  private static final String STATS_SUFFIX = ".stats";
  private static final long MAX_BYTES = 1L << 28;
  private static final FileAttribute<?> FILE_MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private RecordingFiles() {}

  /** The files, by their numbers. */
  public static List<Path> list(Path directory) throws IOException {
    TreeMap<Long, Path> found = new TreeMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        long number = numberOf(entry.getFileName().toString());
        if (number > 0) {
          found.put(number, entry);
        }
      }
    }
    return new ArrayList<>(found.values());
  }

  /** The N of {@code working-set-N.ws}, or -1. */
  private static long numberOf(String name) {
    if (!name.startsWith(PREFIX) || !name.endsWith(SUFFIX)) {
      return -1;
    }
    String digits = name.substring(PREFIX.length(), name.length() - SUFFIX.length());
    boolean number =
        !digits.isEmpty()
            && digits.length() < 10
            && digits.chars().allMatch(c -> c >= '0' && c <= '9')
            && digits.charAt(0) != '0';
    return number ? Long.parseLong(digits) : -1;
  }

  /**
   * Reads one.
   *
   * @throws ImageFormatException if it is not exactly a recording
   */
  public static Recording read(Path file) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new ImageFormatException(file + ": is not a regular file");
    }
    if (Files.size(file) > MAX_BYTES) {
      throw new ImageFormatException(file + ": " + Files.size(file) + " bytes are too many");
    }
    return Recording.decode(file.toString(), Files.readAllBytes(file));
  }

  /**
   * Where the statistics of the run are that a recording is of.
   *
   * @param recording one of {@link #list}
   * @return empty where they were not kept
   */
  public static Optional<Path> stats(Path recording) {
    Path file = statsOf(recording);
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        ? Optional.of(file)
        : Optional.empty();
  }

  private static Path statsOf(Path recording) {
    String name = recording.getFileName().toString();
    return recording.resolveSibling(
        name.substring(0, name.length() - SUFFIX.length()) + STATS_SUFFIX);
  }

  /**
   * Adds one, whole or not at all, under the first number that is free. Its statistics are there
   * before it is.
   *
   * @param stats as {@code thaw stats --json} prints them
   * @return the file of the recording
   */
  public static Path write(Path directory, Recording recording, byte[] stats) throws IOException {
    for (int number = 1; ; number++) {
      Path file = directory.resolve(PREFIX + number + SUFFIX);
      Path partial = directory.resolve("." + PREFIX + number + SUFFIX + ".partial");
      if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        continue;
      }
      try (FileChannel out =
          FileChannel.open(
              partial,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              FILE_MODE)) {
        // Who has the partial file has the number, unless another one has just been done with it.
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
          Files.delete(partial);
          continue;
        }
        put(out, partial, recording.encode());
        putStats(statsOf(file), partial, stats);
      } catch (FileAlreadyExistsException e) {
        continue; // somebody else is writing that one, or died doing so
      }
      Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
      try (FileChannel parent = FileChannel.open(directory, StandardOpenOption.READ)) {
        parent.force(true);
      }
      return file;
    }
  }

  /** Under the protection of the recording's partial file. What has died doing so left one. */
  private static void putStats(Path file, Path recording, byte[] stats) throws IOException {
    Path partial = file.resolveSibling("." + file.getFileName() + ".partial");
    Files.deleteIfExists(partial);
    try (FileChannel out =
        FileChannel.open(
            partial, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), FILE_MODE)) {
      put(out, partial, stats);
      Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.deleteIfExists(recording); // it stood for both
      throw e;
    }
  }

  private static void put(FileChannel out, Path partial, byte[] content) throws IOException {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    } catch (IOException e) {
      Files.deleteIfExists(partial);
      throw new IOException(partial + ": " + e.getMessage(), e);
    }
  }
}
