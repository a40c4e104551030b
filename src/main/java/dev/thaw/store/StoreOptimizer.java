package dev.thaw.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Lays the pages of a checkpoint out anew: those of its working set first, in its order, so that a
 * restore reads them as one piece and nothing beside them; then all others as they were. Each page
 * stays stored once, and every other byte of the checkpoint is the same as before.
 */
public final class StoreOptimizer {
  private final CheckpointDir checkpoint;
  private final PageStore old;
  private final PageStoreOptions options;
  private final Verifier.Progress progress;

  /** By the new number of a page: its old one. */
  private final int[] oldOf;

  private int hotPages;

  /**
   * What came of it.
   *
   * @param recordings of the working set
   * @param hotPages pages of the store that lie in front now
   * @param hotBytes what their frames take
   * @param storedBytes length of the page file
   */
  public record Result(int recordings, long hotPages, long hotBytes, long storedBytes) {}

  private StoreOptimizer(
      CheckpointDir checkpoint,
      PageStore old,
      PageStoreOptions options,
      Verifier.Progress progress) {
    this.checkpoint = checkpoint;
    this.old = old;
    this.options = options.withFramePages(old.framePages());
    this.progress = progress;
    this.oldOf = new int[Math.toIntExact(old.pageCount())];
  }

  /**
   * Rewrites the checkpoint in the order of the recordings beside it. It is the old one or the new
   * one at every instant.
   *
   * @param warnings gets a line for each recording that does not fit
   * @throws IOException also if none fits; nothing was changed then
   */
  public static Result run(Path directory, Verifier.Progress progress, List<String> warnings)
      throws IOException {
    CheckpointDir checkpoint = CheckpointDir.open(directory);
    try (PageStore old = checkpoint.openPages()) {
      Map<String, Pagemap> pagemaps = pagemaps(checkpoint, old);
      WorkingSet workingSet =
          WorkingSet.read(directory, checkpoint.identity(), pagemaps::get, warnings);
      if (workingSet.pages().isEmpty()) {
        throw new IOException(
            directory
                + ": no recording tells which pages to put in front; make one by"
                + " thaw restore --record");
      }
      StoreOptimizer optimizer =
          new StoreOptimizer(checkpoint, old, PageStoreOptions.DEFAULTS, progress);
      optimizer.order(pagemaps, workingSet);
      return optimizer.write(pagemaps, workingSet.recordings());
    }
  }

  private static Map<String, Pagemap> pagemaps(CheckpointDir checkpoint, PageStore pages)
      throws IOException {
    Map<String, Pagemap> pagemaps = new LinkedHashMap<>();
    for (String file : checkpoint.names()) {
      Optional<String> name = Pagemap.nameOf(file);
      if (name.isPresent()) {
        pagemaps.put(name.get(), checkpoint.pagemap(name.get(), pages));
      }
    }
    return pagemaps;
  }

  private void order(Map<String, Pagemap> pagemaps, WorkingSet workingSet) {
    boolean[] hot = new boolean[oldOf.length];
    for (WorkingSet.Page page : workingSet.pages()) {
      int at = (int) pagemaps.get(page.pagemap()).storePage(page.number());
      if (!hot[at]) {
        hot[at] = true;
        oldOf[hotPages++] = at;
      }
    }
    int next = hotPages;
    for (int page = 0; page < hot.length; page++) {
      if (!hot[page]) {
        oldOf[next++] = page;
      }
    }
  }

  private Result write(Map<String, Pagemap> pagemaps, int recordings) throws IOException {
    try (CheckpointWriter writer = CheckpointWriter.replacing(checkpoint)) {
      FrameIndex index = writePages(writer);
      writer.register(PageFile.FILE, new Checksums.Entry(index.fileBytes(), 0, true));
      Map<String, byte[]> changed = new LinkedHashMap<>();
      changed.put(FrameIndex.FILE, index.encode());
      int[] newOf = inverse();
      pagemaps.forEach(
          (name, map) -> changed.put(Pagemap.fileName(name), renumbered(map, newOf).encode()));
      for (String name : checkpoint.names()) {
        byte[] content = changed.remove(name);
        writer.add(name, content != null ? content : checkpoint.read(name));
      }
      writer.commit();
      long hotBytes = 0;
      for (int frame = 0; frame < hotFrames(); frame++) {
        hotBytes += index.storedBytes(frame);
      }
      return new Result(recordings, hotPages, hotBytes, index.fileBytes());
    }
  }

  private int[] inverse() {
    int[] newOf = new int[oldOf.length];
    for (int page = 0; page < oldOf.length; page++) {
      newOf[oldOf[page]] = page;
    }
    return newOf;
  }

  private static Pagemap renumbered(Pagemap map, int[] newOf) {
    List<PagemapRun> runs = new ArrayList<>();
    for (PagemapRun run : map.runs()) {
      if (run.zero()) {
        append(runs, run);
      } else {
        for (long i = 0; i < run.pageCount(); i++) {
          int page = newOf[(int) (run.firstStorePage() + i)];
          append(runs, new PagemapRun(run.firstPage() + i, 1, page));
        }
      }
    }
    return new Pagemap(map.statistics(), runs);
  }

  private static void append(List<PagemapRun> runs, PagemapRun run) {
    int last = runs.size() - 1;
    if (last >= 0 && runs.get(last).continuedBy(run)) {
      runs.set(last, runs.get(last).joinedWith(run));
    } else {
      runs.add(run);
    }
  }

  private int hotFrames() {
    return (hotPages + old.framePages() - 1) / old.framePages();
  }

  /** First the frames with hot pages, all of them, then the others: so the former lie in front. */
  private FrameIndex writePages(CheckpointWriter writer) throws IOException {
    try (FileChannel file = writer.create(PageFile.FILE);
        WriteBehind writeBehind = new WriteBehind(file, true)) {
      file.write(PageFile.header(old.framePages()), 0);
      FrameOutput.Shared output = new FrameOutput.Shared(file, writeBehind, old.framePages());
      writeFrames(output, 0, hotFrames());
      writeFrames(output, hotFrames(), old.frameCount());
      return output.index(oldOf.length);
    }
  }

  private void writeFrames(FrameOutput.Shared output, long from, long to) throws IOException {
    AtomicLong next = new AtomicLong(from);
    List<Throwable> failures = new ArrayList<>();
    Runnable worker =
        () -> {
          try (FrameOutput out = new FrameOutput(output, options)) {
            Frame frame = new Frame(old.framePages());
            OldFrames source = new OldFrames(old);
            for (long f = next.getAndIncrement(); f < to; f = next.getAndIncrement()) {
              gather(frame.restart(f), source);
              out.write(f, frame.bytes(), 0, old.pagesIn(f));
              progress.update(f + 1, old.frameCount());
            }
            out.flush();
          } catch (IOException | RuntimeException | Error e) {
            next.set(to);
            synchronized (failures) {
              failures.add(e);
            }
          }
        };
    List<Thread> threads = new ArrayList<>();
    for (int i = 1; i < options.threads(); i++) {
      threads.add(new Thread(worker, "optimize-" + i));
    }
    threads.forEach(Thread::start);
    worker.run();
    for (Thread thread : threads) {
      Joining.join(thread);
    }
    if (!failures.isEmpty()) {
      Throwable first = failures.get(0);
      throw first instanceof IOException e
          ? e
          : new IOException("laying out pages: " + first, first);
    }
  }

  private void gather(Frame frame, OldFrames source) throws IOException {
    int first = Math.toIntExact(frame.number() * old.framePages());
    for (int page = 0; page < old.pagesIn(frame.number()); page++) {
      int from = oldOf[first + page];
      frame.copy(source.frameOf(from), from % old.framePages(), page, 1);
    }
  }

  /** The frames that were read last: neighbours in the working set are often neighbours there. */
  private static final class OldFrames {
    private static final int KEPT = 32;

    private final PageStore store;
    private final ByteBuffer[] frames = new ByteBuffer[KEPT];
    private final long[] numbers = new long[KEPT];
    private int oldest;

    OldFrames(PageStore store) {
      this.store = store;
      Arrays.fill(numbers, -1);
    }

    ByteBuffer frameOf(long page) throws IOException {
      long number = store.frameOf(page);
      for (int i = 0; i < KEPT; i++) {
        if (numbers[i] == number) {
          return frames[i];
        }
      }
      int slot = oldest++ % KEPT;
      if (frames[slot] == null) {
        frames[slot] = ByteBuffer.allocateDirect(store.framePages() * PageSource.PAGE_BYTES);
      }
      numbers[slot] = -1;
      store.readFrame(number, frames[slot].clear());
      numbers[slot] = number;
      return frames[slot];
    }
  }
}
