package dev.thaw.store;

import dev.thaw.image.ImageFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;

/**
 * A checkpoint that was read and checked. Opening reads every metadata file into memory and
 * compares length and checksum, so nothing is ever acted upon that was not checked, and a file that
 * changes later changes nothing. Page frames are checked as they are read.
 *
 * <p>Files that are not listed are left alone (a log, a pid file), unless they are named like files
 * of a checkpoint: then two were mixed, and that is refused. Immutable.
 */
public final class CheckpointDir {
  private static final long MAX_METADATA_BYTES = 1L << 30;

  private final Path path;
  private final Checksums checksums;
  private final Map<String, byte[]> metadata;

  private CheckpointDir(Path path, Checksums checksums, Map<String, byte[]> metadata) {
    this.path = path;
    this.checksums = checksums;
    this.metadata = metadata;
  }

  /**
   * Opens the checkpoint in {@code directory} and checks all of its metadata.
   *
   * @throws ImageFormatException if anything is not as it was written; names the file
   */
  public static CheckpointDir open(Path directory) throws IOException {
    Checksums checksums = readChecksums(directory);
    refuseUnlisted(directory, checksums);
    Map<String, byte[]> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, Checksums.Entry> file : checksums.files().entrySet()) {
      Path path = directory.resolve(file.getKey());
      if (file.getValue().byFrames()) {
        checkLength(path, file.getValue());
      } else {
        metadata.put(file.getKey(), readChecked(path, file.getValue()));
      }
    }
    return new CheckpointDir(directory, checksums, metadata);
  }

  /**
   * What stands for the whole content of the checkpoint in {@code directory}, unchecked: its list
   * of checksums.
   */
  public static byte[] fingerprint(Path directory) throws IOException {
    return Files.readAllBytes(directory.resolve(Checksums.FILE));
  }

  /** The list of files; nothing else was looked at. */
  static Checksums readChecksums(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      throw new NoSuchFileException(directory.toString());
    }
    if (!Files.isDirectory(directory)) {
      throw new ImageFormatException(
          directory + ": is a file, not a checkpoint; name a directory that thaw dump has made");
    }
    Path list = directory.resolve(Checksums.FILE);
    if (Files.notExists(list, LinkOption.NOFOLLOW_LINKS)) { // false too where nobody may look
      throw new ImageFormatException(
          directory
              + ": is not a whole checkpoint, it has no file \""
              + Checksums.FILE
              + "\"; name a directory that thaw dump has made");
    }
    return Checksums.decode(list.toString(), read(list, lengthOf(list)));
  }

  /** Refuses files that look like ours and are in no list. */
  static void refuseUnlisted(Path directory, Checksums checksums) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        if (isOurs(name) && !checksums.files().containsKey(name)) {
          throw new ImageFormatException(entry + ": is not listed in \"" + Checksums.FILE + "\"");
        }
      }
    }
  }

  private static boolean isOurs(String name) {
    return name.endsWith(".json") || name.endsWith(".img") || name.endsWith(".idx");
  }

  /** Reads a metadata file and checks it. */
  static byte[] readChecked(Path file, Checksums.Entry entry) throws IOException {
    checkLength(file, entry);
    byte[] content = read(file, entry.lengthBytes());
    int found = Checksums.of(content);
    if (found != entry.checksum()) {
      throw new ImageFormatException(
          file
              + ": checksum "
              + Checksums.hex(found)
              + " where "
              + Checksums.hex(entry.checksum())
              + " is due: the file is damaged");
    }
    return content;
  }

  static void checkLength(Path file, Checksums.Entry entry) throws IOException {
    long found = lengthOf(file);
    if (found != entry.lengthBytes()) {
      throw new ImageFormatException(
          file + ": " + found + " bytes where " + entry.lengthBytes() + " are due");
    }
  }

  private static long lengthOf(Path file) throws IOException {
    try {
      BasicFileAttributes attributes =
          Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (!attributes.isRegularFile()) {
        throw new ImageFormatException(file + ": is not a regular file");
      }
      return attributes.size();
    } catch (NoSuchFileException e) {
      throw new ImageFormatException(file + ": is missing", e);
    }
  }

  private static byte[] read(Path file, long lengthBytes) throws IOException {
    if (lengthBytes > MAX_METADATA_BYTES) {
      throw new ImageFormatException(file + ": " + lengthBytes + " bytes are too many");
    }
    ByteBuffer content = ByteBuffer.allocate((int) lengthBytes);
    try (FileChannel channel = openForReading(file)) {
      while (content.hasRemaining() && channel.read(content) >= 0) {}
    }
    if (content.hasRemaining()) {
      throw new ImageFormatException(file + ": became shorter while it was read");
    }
    return content.array();
  }

  static FileChannel openForReading(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
  }

  /** The directory. */
  public Path path() {
    return path;
  }

  /**
   * What tells this checkpoint from every other one, however its pages are laid out: checksums of
   * the checksums of its records, of which the manifest holds the time of the dump.
   */
  public long identity() {
    StringBuilder lines = new StringBuilder();
    checksums
        .files()
        .forEach(
            (name, entry) -> {
              if (name.endsWith(".json")) {
                lines
                    .append(Checksums.hex(entry.checksum()))
                    .append(' ')
                    .append(entry.lengthBytes());
                lines.append(' ').append(name).append('\n');
              }
            });
    byte[] text = lines.toString().getBytes(StandardCharsets.US_ASCII);
    CRC32 second = new CRC32();
    second.update(text);
    return (long) Checksums.of(text) << 32 | second.getValue();
  }

  /** What changes with every byte of it, the place of a page in the page file among them. */
  public int checksum() {
    return Checksums.of(checksums.encode());
  }

  /** The names of all files that its list has. */
  Set<String> fileNames() {
    return checksums.files().keySet();
  }

  /** The names of the metadata files, in order. */
  public Set<String> names() {
    return Set.copyOf(metadata.keySet());
  }

  /**
   * The content of the metadata file {@code name}.
   *
   * @throws ImageFormatException if the checkpoint has none
   */
  public byte[] read(String name) throws ImageFormatException {
    byte[] content = metadata.get(name);
    if (content == null) {
      throw new ImageFormatException(path.resolve(name) + ": is missing in the checkpoint");
    }
    return content.clone();
  }

  /** The pagemap {@code name}, whose runs point into {@code pages}. */
  public Pagemap pagemap(String name, PageSource pages) throws ImageFormatException {
    String file = Pagemap.fileName(name);
    return Pagemap.decode(path.resolve(file).toString(), read(file), pages.pageCount());
  }

  /** Opens the page store. The caller closes it. */
  public PageStore openPages() throws IOException {
    Path file = path.resolve(PageFile.FILE);
    Checksums.Entry entry = checksums.files().get(PageFile.FILE);
    if (entry == null || !entry.byFrames()) {
      throw new ImageFormatException(file + ": is missing in the checkpoint");
    }
    Path indexFile = path.resolve(FrameIndex.FILE);
    FrameIndex index = FrameIndex.decode(indexFile.toString(), read(FrameIndex.FILE));
    return PageStore.open(file, index);
  }
}
