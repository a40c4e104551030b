package dev.thaw.restore;

import dev.thaw.image.SharedMemory;
import dev.thaw.pager.BackingSpec;
import dev.thaw.pager.Extent;
import dev.thaw.store.PageSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The memfds of the templates that a process holds, seen from outside through /proc. */
public final class TemplateMemory {
  private static final int PAGE = PageSource.PAGE_BYTES;

  private TemplateMemory() {}

  /** The paths of its memfds of that name, e.g. {@code thaw-private}. */
  public static List<Path> memfds(int pid, String name) throws IOException {
    List<Path> found = new ArrayList<>();
    try (Stream<Path> entries = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      for (Path entry : (Iterable<Path>) entries::iterator) {
        if (target(entry).equals("/memfd:" + name + " (deleted)")) {
          found.add(entry);
        }
      }
    }
    return found;
  }

  /** Empty where the descriptor was closed meanwhile. */
  private static String target(Path entry) throws IOException {
    try {
      return Files.readSymbolicLink(entry).toString();
    } catch (NoSuchFileException e) {
      return "";
    }
  }

  /**
   * Compares every page of the private memory of the checkpoint's root with the memfd.
   *
   * @return the number of pages compared
   * @throws AssertionError at the first that differs
   */
  public static long comparePrivate(Path checkpoint, Path memfd) throws IOException {
    try (Images images = Images.open(checkpoint)) {
      MemoryLayout layout = Layouts.of(images, MemoryMode.SHARE).values().iterator().next();
      return compare(images.pages(), Layouts.privateBacking(layout), memfd);
    }
  }

  /** The same for its first shared memory. */
  public static long compareShared(Path checkpoint, Path memfd) throws IOException {
    try (Images images = Images.open(checkpoint)) {
      SharedMemory object = Layouts.sharedMemfds(images).get(0);
      return compare(images.pages(), Layouts.sharedBacking(images, object), memfd);
    }
  }

  private static long compare(PageSource source, BackingSpec spec, Path memfd) throws IOException {
    long compared = 0;
    ByteBuffer frame = ByteBuffer.allocateDirect(source.framePages() * PAGE);
    ByteBuffer page = ByteBuffer.allocate(PAGE);
    try (FileChannel file = FileChannel.open(memfd, StandardOpenOption.READ)) {
      for (Extent extent : spec.content()) {
        for (long i = 0; i < extent.pageCount(); i++) {
          long stored = extent.firstStorePage() + i;
          frame.clear();
          source.readFrame(source.frameOf(stored), frame);
          page.clear();
          file.read(page, (extent.firstPage() + i) * PAGE);
          int at = (int) (stored % source.framePages()) * PAGE;
          if (!frame.slice(at, PAGE).equals(page.flip())) {
            throw new AssertionError("page " + (extent.firstPage() + i) + " of " + memfd);
          }
          compared++;
        }
      }
    }
    return compared;
  }
}
