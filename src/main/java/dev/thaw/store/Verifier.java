package dev.thaw.store;

import dev.thaw.image.ImageFormatException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Reads all of a checkpoint and compares every checksum, going on after each thing that is wrong.
 * Frames are read on several threads.
 */
public final class Verifier {
  /** Told how far it is, from any thread. */
  @FunctionalInterface
  public interface Progress {
    /**
     * @param doneBytes of the page file
     */
    void update(long doneBytes, long totalBytes);
  }

  /**
   * What was found.
   *
   * @param filesRead files that were read
   * @param framesRead frames that were read
   * @param bytesRead bytes whose checksum was computed, in files
   * @param problems one line for each thing that is wrong, with file and offset; empty if all is
   *     well
   */
  public record Result(int filesRead, long framesRead, long bytesRead, List<String> problems) {
    /** Copies {@code problems}. */
    public Result {
      problems = List.copyOf(problems);
    }
  }

  private final Path directory;
  private final Progress progress;
  private final int threadCount;
  private final Map<String, byte[]> good = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();
  private final AtomicLong framesRead = new AtomicLong();
  private final AtomicLong bytesRead = new AtomicLong();
  private int filesRead;

  private Verifier(Path directory, int threadCount, Progress progress) {
    this.directory = directory;
    this.threadCount = threadCount;
    this.progress = progress;
  }

  /**
   * Verifies the checkpoint in {@code directory}.
   *
   * @throws IOException if there is no checkpoint at all; what is wrong in one is in the result
   */
  public static Result verify(Path directory, int threadCount, Progress progress)
      throws IOException {
    return new Verifier(directory, threadCount, progress).run();
  }

  private Result run() throws IOException {
    Checksums checksums = CheckpointDir.readChecksums(directory);
    attempt(() -> CheckpointDir.refuseUnlisted(directory, checksums));
    boolean pagesAreThere = false;
    for (Map.Entry<String, Checksums.Entry> file : checksums.files().entrySet()) {
      Path path = directory.resolve(file.getKey());
      filesRead++;
      if (file.getValue().byFrames()) {
        pagesAreThere = true;
      } else {
        attempt(
            () -> {
              good.put(file.getKey(), CheckpointDir.readChecked(path, file.getValue()));
              bytesRead.addAndGet(file.getValue().lengthBytes());
            });
      }
    }
    if (pagesAreThere) {
      attempt(() -> pages(checksums.files().get(PageFile.FILE)));
    }
    return new Result(filesRead, framesRead.get(), bytesRead.get(), problems);
  }

  private void pages(Checksums.Entry entry) throws IOException {
    Path file = directory.resolve(PageFile.FILE);
    Path indexFile = directory.resolve(FrameIndex.FILE);
    byte[] content = good.get(FrameIndex.FILE);
    if (content == null) {
      throw new ImageFormatException(file + ": cannot be checked without " + FrameIndex.FILE);
    }
    FrameIndex index = FrameIndex.decode(indexFile.toString(), content);
    attempt(() -> index.checkTiling(indexFile.toString()));
    attempt(() -> pagemaps(index.pageCount()));
    if (entry == null || entry.lengthBytes() != index.fileBytes()) {
      throw new ImageFormatException(indexFile + ": is the index of another page file");
    }
    // A file that is too short is a problem of each frame that is not in it.
    attempt(() -> CheckpointDir.checkLength(file, entry));
    try (PageStore store = PageStore.openWhateverItsLength(file, index)) {
      frames(store, index);
    }
  }

  private void pagemaps(long storePages) throws IOException {
    for (Map.Entry<String, byte[]> file : good.entrySet()) {
      if (file.getKey().startsWith("pagemap-")) {
        String path = directory.resolve(file.getKey()).toString();
        attempt(() -> Pagemap.decode(path, file.getValue(), storePages));
      }
    }
  }

  private void frames(PageStore store, FrameIndex index) {
    AtomicLong next = new AtomicLong();
    AtomicLong done = new AtomicLong(PageFile.HEADER_BYTES);
    Runnable reader =
        () -> {
          ByteBuffer out = ByteBuffer.allocateDirect(index.framePages() * PageSource.PAGE_BYTES);
          for (long f = next.getAndIncrement();
              f < store.frameCount();
              f = next.getAndIncrement()) {
            long frame = f;
            attempt(() -> store.readFrame(frame, out.clear()));
            framesRead.incrementAndGet();
            progress.update(done.addAndGet(store.storedBytes(frame)), index.fileBytes());
          }
        };
    List<Thread> threads = new ArrayList<>();
    for (int i = 1; i < threadCount; i++) {
      Thread thread = new Thread(reader, "verify-" + i);
      thread.start();
      threads.add(thread);
    }
    reader.run();
    for (Thread thread : threads) {
      Joining.join(thread);
    }
    bytesRead.addAndGet(done.get());
  }

  /** A part that may be wrong. */
  private interface Part {
    void check() throws IOException;
  }

  private void attempt(Part part) {
    try {
      part.check();
    } catch (IOException e) {
      synchronized (problems) {
        problems.add(e.getMessage());
      }
    }
  }
}
