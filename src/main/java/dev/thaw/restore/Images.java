package dev.thaw.restore;

import dev.thaw.image.Files;
import dev.thaw.image.ImageCodec;
import dev.thaw.image.ImageFormatException;
import dev.thaw.image.Manifest;
import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.References;
import dev.thaw.image.SharedMemory;
import dev.thaw.store.CheckpointDir;
import dev.thaw.store.PageStore;
import dev.thaw.store.Pagemap;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A whole checkpoint, read and checked: nothing is restored from one that has a fault anywhere but
 * in its page frames.
 */
public final class Images implements AutoCloseable {
  private final Manifest manifest;
  private final Files files;
  private final Map<Integer, ProcessImage> processes = new LinkedHashMap<>();
  private final Map<String, Pagemap> pagemaps = new LinkedHashMap<>();
  private final PageStore pages;
  private final Path directory;
  private final long identity;
  private final int checksum;

  private Images(CheckpointDir dir, PageStore pages) throws IOException {
    this.pages = pages;
    this.directory = dir.path();
    this.identity = dir.identity();
    this.checksum = dir.checksum();
    manifest = ImageCodec.read(Manifest.FILE, dir.read(Manifest.FILE), Manifest.class);
    files = ImageCodec.read(Files.FILE, dir.read(Files.FILE), Files.class);
    for (TreeNode node : manifest.processes()) {
      if (!node.zombie()) {
        String name = ProcessImage.fileName(node.pid());
        ProcessImage image = ImageCodec.read(name, dir.read(name), ProcessImage.class);
        if (image.pid() != node.pid()) {
          throw new ImageFormatException(name + ": is of process " + image.pid());
        }
        processes.put(node.pid(), image);
        readPagemap(dir, ProcessImage.pagemapName(node.pid()));
      }
    }
    References.check(manifest, files, processes);
    for (SharedMemory memory : files.sharedMemory()) {
      readPagemap(dir, memory.pagemapName());
      requireWithin(memory);
    }
  }

  /** What lies behind the end of a segment would be written to memory of this JVM. */
  private void requireWithin(SharedMemory memory) throws ImageFormatException {
    List<PagemapRun> runs = runs(memory.pagemapName());
    if (!runs.isEmpty() && runs.get(runs.size() - 1).endPage() > memory.pages()) {
      throw new ImageFormatException(
          Pagemap.fileName(memory.pagemapName())
              + ": has pages behind the end of an object of "
              + memory.sizeBytes()
              + " bytes");
    }
  }

  private void readPagemap(CheckpointDir dir, String name) throws IOException {
    pagemaps.put(name, dir.pagemap(name, pages));
  }

  /** Opens the checkpoint in {@code directory} and checks all of its metadata. */
  public static Images open(Path directory) throws IOException {
    CheckpointDir dir = CheckpointDir.open(directory);
    PageStore pages = dir.openPages();
    try {
      return new Images(dir, pages);
    } catch (IOException | RuntimeException e) {
      pages.close();
      throw e;
    }
  }

  /** Where it is. */
  public Path directory() {
    return directory;
  }

  /** {@link CheckpointDir#identity}. */
  public long identity() {
    return identity;
  }

  /** {@link CheckpointDir#checksum}. */
  public int checksum() {
    return checksum;
  }

  /** The manifest. */
  public Manifest manifest() {
    return manifest;
  }

  /** Open files and shared memory. */
  public Files files() {
    return files;
  }

  /** The living processes, parents before children. */
  public List<ProcessImage> processes() {
    return new ArrayList<>(processes.values());
  }

  /** One living process. */
  public ProcessImage process(int pid) {
    return processes.get(pid);
  }

  /** A pagemap with its statistics; null where there is none. */
  public Pagemap pagemap(String name) {
    return pagemaps.get(name);
  }

  /** The runs of a pagemap. */
  public List<PagemapRun> runs(String name) {
    return pagemaps.get(name).runs();
  }

  /** The pages. */
  public PageStore pages() {
    return pages;
  }

  @Override
  public void close() throws IOException {
    pages.close();
  }
}
