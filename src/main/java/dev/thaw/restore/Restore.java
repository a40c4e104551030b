package dev.thaw.restore;

import dev.thaw.image.ImageFormatException;
import dev.thaw.image.Manifest;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.Vma;
import dev.thaw.pager.BackingSpec;
import dev.thaw.pager.Extent;
import dev.thaw.pager.InitConnection;
import dev.thaw.pager.PagerSession;
import dev.thaw.pager.Slot;
import dev.thaw.remote.TracerThread;
import dev.thaw.restore.fd.FilesPlan;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Restores a tree.
 *
 * <pre>
 *  read and check ─▶ memfds, tables ─▶ bare processes ─▶ memory ─▶ descriptors ─▶ pager serves
 *      ─▶ threads, attributes ─▶ registers ─▶ blob out ─▶ run
 * </pre>
 *
 * <p>A failure at any point kills what was made: every new process dies with its tracer.
 */
public final class Restore implements AutoCloseable {
  static final String PRIVATE_MEMFD = "thaw-private";
  static final String SHARED_MEMFD = "thaw-shared";
  private static final int PAGE_SHIFT = 12;

  private final Options options;
  private final Images images;
  private final InitConnection init;
  private final PagerSession pager;
  private final RestoreContext context;
  private final Map<Integer, MemoryLayout> layouts = new LinkedHashMap<>();
  private final FilesPlan files;

  /**
   * How to restore.
   *
   * @param memory what becomes of private memory
   * @param acceptChangedFiles go on with files that changed since the dump
   */
  public record Options(Path directory, MemoryMode memory, boolean acceptChangedFiles) {}

  private Restore(Options options, Images images, InitConnection init) throws IOException {
    this.options = options;
    this.images = images;
    this.init = init;
    this.pager = PagerSession.create(init, images.pages());
    this.context = new RestoreContext((int) ProcessHandle.current().pid());
    this.files = new FilesPlan(images.processes(), images.files());
  }

  /** Reads, checks and restores; returns when the tree runs. */
  public static Restore run(Options options, InitConnection init) throws IOException {
    Images images = Images.open(options.directory());
    Restore restore = null;
    try (KeptFiles kept = new KeptFiles();
        SysVSegments segments = new SysVSegments()) {
      kept.make(images.files().keptFiles());
      new FileCheck(options.acceptChangedFiles()).check(images);
      KernelPages.requireSame(
          images.manifest().machine(), images.processes(), (int) ProcessHandle.current().pid());
      restore = new Restore(options, images, init);
      restore.layOut();
      restore.files.compile(restore.context::pathOf);
      segments.make(images, new PageWriter(images.pages()));
      restore.build();
      segments.keep();
      kept.keep();
      return restore;
    } catch (IOException | RuntimeException e) {
      if (restore != null) {
        restore.close();
      } else {
        images.close();
      }
      throw e;
    }
  }

  private void layOut() throws IOException {
    for (Manifest.TreeNode node : images.manifest().processes()) {
      layOut(node);
    }
    for (MemoryLayout layout : layouts.values()) {
      if (options.memory() == MemoryMode.GRADUATE) {
        layout.graduate();
      }
      if (layout.hasPrivateBacking()) {
        int backing = pager.addBacking(layout.privateBacking(PRIVATE_MEMFD));
        context.privateBacking(layout.pid(), backing, pager.memfd(backing).number());
      }
    }
    for (SharedMemory memory : images.files().sharedMemory()) {
      if (memory.kind() == SharedMemory.Kind.SYSV) {
        context.segment(memory.id(), memory.sysv().id());
      } else if (memory.sizeBytes() > 0) {
        int backing = pager.addBacking(sharedBacking(memory));
        pager.memfd(backing).truncate(memory.sizeBytes());
        context.sharedBacking(memory.id(), backing, pager.memfd(backing).number());
      }
    }
    for (SharedMemory memory : images.files().sharedMemory()) {
      boolean now = options.memory() == MemoryMode.EAGER || reachedUnregistered(memory.id());
      boolean cutPage = memory.sizeBytes() % (1 << PAGE_SHIFT) != 0;
      if (context.pathOf(memory.id()) != null && (now || cutPage)) {
        int backing = context.sharedBacking(memory.id());
        pager.fillNow(backing, 0, pagesOf(memory));
        pager.memfd(backing).truncate(memory.sizeBytes()); // whole pages were written
      }
    }
  }

  /** Parents come first, and a process may share memory with what was laid out before it. */
  private void layOut(Manifest.TreeNode node) throws IOException {
    if (node.zombie()) {
      return;
    }
    ProcessImage process = images.process(node.pid());
    try {
      layouts.put(
          node.pid(),
          new MemoryLayout(
              process,
              images.runs(ProcessImage.pagemapName(node.pid())),
              options.memory(),
              Optional.ofNullable(layouts.get(node.ppid()))));
    } catch (IllegalArgumentException e) {
      throw new ImageFormatException(ProcessImage.fileName(node.pid()) + ": " + e.getMessage());
    }
  }

  private BackingSpec sharedBacking(SharedMemory memory) {
    List<Extent> content = new ArrayList<>();
    for (PagemapRun run : images.runs(memory.pagemapName())) {
      content.add(new Extent(run.firstPage(), run.pageCount(), run.firstStorePage()));
    }
    String name = memory.kind() == SharedMemory.Kind.MEMFD ? memory.name() : SHARED_MEMFD;
    return new BackingSpec(name, true, List.of(new Slot(0, pagesOf(memory))), content);
  }

  private static long pagesOf(SharedMemory memory) {
    return (memory.sizeBytes() + (1 << PAGE_SHIFT) - 1) >>> PAGE_SHIFT;
  }

  /** Whether something could read the object's memfd without the pager's knowledge. */
  private boolean reachedUnregistered(int object) {
    boolean mappedPrivately =
        images.processes().stream()
            .flatMap(p -> p.mm().vmas().stream())
            .anyMatch(
                v ->
                    v.backing() instanceof Vma.Backing.Shared shared
                        && shared.object() == object
                        && shared.privately());
    return mappedPrivately || files.refersTo(object);
  }

  private void build() throws IOException {
    try (TracerThread tracer = new TracerThread("tracer")) {
      TreeBuilder builder = new TreeBuilder(images, layouts, files, context, init, pager);
      tracer.submit(
          () -> {
            builder.build();
            return null;
          });
    }
  }

  /** What was restored. */
  public Images images() {
    return images;
  }

  /** The pager of the tree. */
  public PagerSession pager() {
    return pager;
  }

  @Override
  public void close() {
    try {
      pager.close();
      images.close();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
