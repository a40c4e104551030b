package dev.thaw.pager;

import dev.thaw.linux.Memfd;
import dev.thaw.linux.Open;
import dev.thaw.store.CheckpointDir;
import dev.thaw.store.CheckpointWriter;
import dev.thaw.store.PageSink;
import dev.thaw.store.PageStore;
import dev.thaw.store.PageStoreOptions;
import dev.thaw.store.PageStoreWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A checkpoint's pages for a bench, and a directory whose files are in huge pages: a private tmpfs.
 * Both are gone when it is closed.
 */
final class BenchStore implements AutoCloseable {
  private static final int PAGE = 4096;

  private final Path directory;
  private final Path huge;
  private final int pages;
  private final PageStore store;

  /** Half text, which zstd makes a third, half random bytes; no two pages are equal. */
  BenchStore(int mib) throws IOException {
    pages = mib << 8;
    directory = Files.createTempDirectory("thaw-pager-bench");
    huge = Files.createDirectory(directory.resolve("huge"));
    run("mount", "-t", "tmpfs", "-o", "huge=always,mode=0700", "thaw-bench", huge.toString());
    write(directory.resolve("c"));
    store = CheckpointDir.open(directory.resolve("c")).openPages();
  }

  PageStore store() {
    return store;
  }

  int pages() {
    return pages;
  }

  /** Where files are in huge pages. */
  Path huge() {
    return huge;
  }

  /** A new file in huge pages, as long as all pages; it goes with its descriptor. */
  Memfd hugeFile() throws IOException {
    Path path = Files.createFile(huge.resolve("file"));
    Memfd file = Memfd.of(Open.open(path.toString(), Open.O_RDWR));
    Files.delete(path);
    file.truncate((long) pages * PAGE);
    return file;
  }

  private void write(Path target) throws IOException {
    Random random = new Random(1);
    byte[] words =
        "the cold process of a snapshot, restored page by page as it is touched. "
            .getBytes("US-ASCII");
    try (CheckpointWriter checkpoint = CheckpointWriter.begin(target);
        PageStoreWriter writer = new PageStoreWriter(checkpoint, PageStoreOptions.DEFAULTS)) {
      PageSink sink = writer.sink("1");
      checkpoint.add("manifest.json", "{\"formatVersion\": 1}".getBytes("US-ASCII"));
      byte[] page = new byte[PAGE];
      for (int i = 0; i < pages; i++) {
        random.nextBytes(page);
        for (int at = 0; i / 64 % 2 == 0 && at < PAGE; at += 8) {
          System.arraycopy(words, (page[at] & 7) * 8, page, at, 8);
        }
        ByteBuffer.wrap(page).putInt(0, i + 1);
        writer.put(ByteBuffer.wrap(page), sink, i);
      }
      writer.finish();
      checkpoint.commit();
    }
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).inheritIO().start();
    try {
      if (process.waitFor() != 0) {
        throw new IOException(List.of(command) + " failed");
      }
    } catch (InterruptedException e) {
      throw new IOException(List.of(command) + " was interrupted", e);
    }
  }

  @Override
  public void close() throws IOException {
    store.close();
    run("umount", "--lazy", huge.toString());
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(file);
      }
    }
  }
}
