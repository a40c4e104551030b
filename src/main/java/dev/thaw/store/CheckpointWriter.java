package dev.thaw.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Iterator;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Writes a checkpoint that is whole or absent. Everything goes into a temporary directory; {@link
 * #commit} makes it durable and only then puts it in place; {@link #close} without a commit deletes
 * it.
 *
 * <p>Where the target does not exist, the temporary directory is its neighbour {@code
 * .NAME.partial-RANDOM} and one rename puts it in place. Where the target exists and is empty it
 * stays the directory it is (it may be a mount point, a shell may stand in it, somebody chose its
 * owner and mode): the temporary directory is {@code .partial-RANDOM} in it, the files are moved up
 * one by one, and {@code checksums}, without which a directory is no checkpoint, is the last.
 *
 * <p>A JVM that is told to end (SIGTERM, SIGINT) deletes it too; one that is killed leaves the
 * temporary directory behind, and nothing else.
 *
 * <p>Memory holds secrets: files get mode 0600, a new directory 0700. Thread safe.
 */
public final class CheckpointWriter implements AutoCloseable {
  private static final FileAttribute<?> FILE_MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<?> DIRECTORY_MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private final Path target;
  private final boolean targetExisted;
  private final Path partial;
  private final CheckpointReplacement replacement;
  private final SortedMap<String, Checksums.Entry> files = new TreeMap<>();
  private final Thread atShutdown = new Thread(this::abandon, "checkpoint-abandon");
  private boolean ended;

  private CheckpointWriter(
      Path target, boolean targetExisted, Path partial, CheckpointReplacement replacement) {
    this.target = target;
    this.targetExisted = targetExisted;
    this.partial = partial;
    this.replacement = replacement;
  }

  /**
   * Begins a checkpoint that takes the place of another one at {@link #commit}, in one step.
   *
   * @param old stays as it is until then
   */
  static CheckpointWriter replacing(CheckpointDir old) throws IOException {
    Path target = old.path().toRealPath();
    if (target.getParent() == null) {
      throw new IOException(target + ": cannot be replaced, it has no parent directory");
    }
    Path partial = target.resolveSibling("." + target.getFileName() + "." + random());
    return new CheckpointWriter(
            target, false, partial, new CheckpointReplacement(target, old.fileNames()))
        .makeDirectory();
  }

  private static String random() {
    return "partial-" + Long.toHexString(ThreadLocalRandom.current().nextLong());
  }

  /**
   * Begins a checkpoint.
   *
   * @param directory where it is to be: does not exist but its parent does, or is an empty
   *     directory
   * @throws IOException in one line that says what is in the way; nothing was changed then
   */
  public static CheckpointWriter begin(Path directory) throws IOException {
    Path target = directory.toAbsolutePath().normalize();
    String random = random();
    if (Files.exists(target)) {
      target = target.toRealPath();
      refuseUnlessEmpty(directory, target);
      return new CheckpointWriter(target, true, target.resolve("." + random), null).makeDirectory();
    }
    if (Files.isSymbolicLink(target)) {
      throw new NoSuchFileException(
          directory.toString(), null, "is a symbolic link to nothing; remove it");
    }
    Path parent = target.getParent();
    if (!Files.isDirectory(parent)) {
      throw new NoSuchFileException(
          directory.toString(), null, "there is no directory " + parent + "; make it");
    }
    Path partial = parent.resolve("." + target.getFileName() + "." + random);
    return new CheckpointWriter(target, false, partial, null).makeDirectory();
  }

  /** After the hook is in place that deletes it. */
  private synchronized CheckpointWriter makeDirectory() throws IOException {
    Runtime.getRuntime().addShutdownHook(atShutdown);
    try {
      Files.createDirectory(partial, DIRECTORY_MODE);
      return this;
    } catch (FileSystemException e) { // what is in the way is not the name that nobody knows
      end();
      String directory = partial.getParent().toString();
      if (e instanceof AccessDeniedException) {
        throw new AccessDeniedException(directory);
      }
      String reason = e.getReason() == null ? "nothing can be made there" : e.getReason();
      throw new FileSystemException(directory, null, reason);
    } catch (IOException | RuntimeException e) {
      end();
      throw e;
    }
  }

  private static void refuseUnlessEmpty(Path given, Path target) throws IOException {
    if (!Files.isDirectory(target)) {
      throw new FileAlreadyExistsException(
          given.toString(), null, "exists and is not a directory; give a new or empty directory");
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(target)) {
      Iterator<Path> all = entries.iterator();
      if (all.hasNext()) {
        String first = all.next().getFileName().toString();
        String hint =
            first.startsWith(".partial-") ? ", of a dump that did not end or still runs" : "";
        throw new FileAlreadyExistsException(
            given.toString(),
            null,
            "is not empty, it holds " + first + hint + "; give a new or empty directory");
      }
    }
  }

  /**
   * Adds a metadata file.
   *
   * @param name a plain file name, not used before
   */
  public void add(String name, byte[] content) throws IOException {
    try (FileChannel file = create(name)) {
      writeAll(file, content);
    } catch (IOException e) {
      throw failed(name, e);
    }
    register(name, new Checksums.Entry(content.length, Checksums.of(content), false));
  }

  /** A new empty file, to be registered when it is written. The caller closes it. */
  synchronized FileChannel create(String name) throws IOException {
    if (!Checksums.isFileName(name)) {
      throw new IllegalArgumentException("file name " + name);
    }
    if (ended) {
      throw new IllegalStateException(name + " after the end");
    }
    return open(name);
  }

  private FileChannel open(String name) throws IOException {
    return FileChannel.open(
        partial.resolve(name),
        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
        FILE_MODE);
  }

  synchronized void register(String name, Checksums.Entry entry) {
    if (files.put(name, entry) != null) {
      throw new IllegalStateException(name + " was added twice");
    }
  }

  /** Makes everything durable, then puts the checkpoint in place. */
  public synchronized void commit() throws IOException {
    if (ended) {
      throw new IllegalStateException("commit after the end");
    }
    try (FileChannel file = open(Checksums.FILE)) {
      writeAll(file, new Checksums(files).encode());
    } catch (IOException e) {
      throw failed(Checksums.FILE, e);
    }
    for (String name : files.keySet()) {
      sync(partial.resolve(name));
    }
    sync(partial.resolve(Checksums.FILE));
    sync(partial);
    if (replacement != null) {
      replacement.replaceBy(partial);
    } else if (targetExisted) {
      moveUp();
    } else {
      rename();
    }
    end();
  }

  private void rename() throws IOException {
    // rename(2) would replace an empty directory that somebody made in the meantime, which is fine;
    // it refuses one that holds something.
    Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
    sync(target.getParent());
  }

  private void moveUp() throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(target)) {
      for (Path entry : entries) {
        if (!entry.equals(partial)) {
          throw new FileAlreadyExistsException(
              target.toString(), null, entry.getFileName() + " appeared in it during the dump");
        }
      }
    }
    for (String name : files.keySet()) {
      Files.move(partial.resolve(name), target.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }
    sync(target);
    Files.move(
        partial.resolve(Checksums.FILE),
        target.resolve(Checksums.FILE),
        StandardCopyOption.ATOMIC_MOVE);
    Files.delete(partial);
    sync(target);
  }

  private static void writeAll(FileChannel file, byte[] content) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(content);
    while (bytes.hasRemaining()) {
      file.write(bytes);
    }
  }

  /** The same failure with the name that the file was to get, which channels do not know. */
  IOException failed(String name, IOException cause) {
    if (cause instanceof FileSystemException) {
      return cause;
    }
    IOException named =
        new FileSystemException(target.resolve(name).toString(), null, cause.getMessage());
    named.initCause(cause);
    return named;
  }

  private static void sync(Path path) throws IOException {
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
      file.force(true);
    }
  }

  /** Deletes what was written, unless it was committed. */
  @Override
  public synchronized void close() throws IOException {
    if (ended) {
      return;
    }
    end();
    if (targetExisted) { // a commit that failed half way
      for (String name : files.keySet()) {
        Files.deleteIfExists(target.resolve(name));
      }
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(partial)) {
      for (Path entry : entries) {
        Files.delete(entry);
      }
    }
    Files.delete(partial);
  }

  private void end() {
    ended = true;
    try {
      Runtime.getRuntime().removeShutdownHook(atShutdown);
    } catch (IllegalStateException e) {
      // The JVM is ending: this may be the hook itself.
    }
  }

  private void abandon() {
    try {
      close();
    } catch (IOException e) {
      // Nobody is left to tell.
    }
  }
}
