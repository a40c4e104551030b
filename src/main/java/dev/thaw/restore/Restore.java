package dev.thaw.restore;

import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.Vma;
import dev.thaw.linux.UserfaultProbe;
import dev.thaw.pager.InitConnection;
import dev.thaw.pager.PagerSession;
import dev.thaw.pager.Recorder;
import dev.thaw.remote.TracerThread;
import dev.thaw.restore.fd.FilesPlan;
import dev.thaw.store.WorkingSet;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
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
  private static final int PAGE_SHIFT = 12;

  private final Options options;
  private final Images images;
  private final InitConnection init;
  private final PagerSession pager;
  private final RestoreContext context;
  private final Optional<LoadedCheckpoint> loaded;
  private final Map<Integer, MemoryLayout> layouts;
  private final FilesPlan files;
  private final List<String> warnings = new ArrayList<>();
  private final Stages stages;
  private int hostPid;

  /**
   * How to restore.
   *
   * @param memory what becomes of private memory
   * @param acceptChangedFiles go on with files that changed since the dump
   * @param acceptOtherCpu go on where the CPU lacks instructions that the dump's has
   * @param newPid the one process of the tree gets any pid, instead of the one it had
   * @param greeting a signal that waits for the root when it runs again, with a value; or none
   * @param touches what is done about the pages that it touches
   */
  public record Options(
      Path directory,
      MemoryMode memory,
      boolean acceptChangedFiles,
      boolean acceptOtherCpu,
      boolean newPid,
      Optional<Greeting> greeting,
      Touches touches) {

    /** A restore of the tree as it was. */
    public Options(
        Path directory,
        MemoryMode memory,
        boolean acceptChangedFiles,
        boolean acceptOtherCpu,
        Touches touches) {
      this(directory, memory, acceptChangedFiles, acceptOtherCpu, false, Optional.empty(), touches);
    }
  }

  /**
   * What is known, and to be known, of the pages that a tree touches.
   *
   * @param use install what recordings name before the tree runs
   * @param record record them, and use no recording: what is installed already does not show that
   *     it is touched
   * @param limit for how long to record; empty for no limit
   */
  public record Touches(boolean use, boolean record, Optional<Duration> limit) {
    /** Neither is wanted. */
    public static final Touches IGNORED = new Touches(false, false, Optional.empty());
  }

  /** A queued signal: {@code sigqueue(3)}. */
  public record Greeting(int signal, int value) {}

  private Restore(
      Options options,
      Images images,
      Optional<LoadedCheckpoint> loaded,
      InitConnection init,
      Stages stages)
      throws IOException {
    this.options = options;
    this.stages = stages;
    this.images = images;
    this.loaded = loaded;
    this.init = init;
    this.layouts =
        loaded.isPresent()
            ? loaded.get().layouts(options.memory())
            : Layouts.of(images, options.memory());
    this.files = new FilesPlan(images.processes(), images.files());
    this.pager = PagerSession.create(init, new NamedPages(images)); // late: thaw-init may be young
    this.context = new RestoreContext(pager.initPid());
    context.userfaultfds(UserfaultProbe.allowed());
  }

  /** Reads, checks and restores; returns when the tree runs. */
  public static Restore run(Options options, InitConnection init) throws IOException {
    Stages stages = new Stages();
    stages.begin("read");
    Images images = Images.open(options.directory());
    try {
      return run(options, images, Optional.empty(), init, stages);
    } catch (IOException | RuntimeException e) {
      images.close();
      throw e;
    }
  }

  /**
   * Restores what is in memory already; returns when the tree runs.
   *
   * @param options with {@link MemoryMode#SHARE} or {@link MemoryMode#GRADUATE}
   * @param loaded stays the caller's
   */
  public static Restore run(Options options, LoadedCheckpoint loaded, InitConnection init)
      throws IOException {
    return run(options, loaded.images(), Optional.of(loaded), init, new Stages());
  }

  private static Restore run(
      Options options,
      Images images,
      Optional<LoadedCheckpoint> loaded,
      InitConnection init,
      Stages stages)
      throws IOException {
    Restore restore = null;
    stages.begin("checks");
    try (KeptFiles kept = new KeptFiles();
        SysVSegments segments = new SysVSegments();
        HugeFiles hugeFiles = new HugeFiles(init)) {
      MachineCheck.here().require(images.manifest().machine(), options.acceptOtherCpu());
      HugePageCheck.require(images);
      kept.make(images.files().keptFiles());
      new FileCheck(
              options.acceptChangedFiles(),
              loaded.map(LoadedCheckpoint::approvedFiles).orElseGet(HashMap::new))
          .check(images);
      KernelPages.requireSame(images.manifest().machine(), images.processes());
      stages.begin("layout");
      restore = new Restore(options, images, loaded, init, stages);
      if (!options.newPid()) {
        PidWait.requireFree(images, init);
      }
      restore.layOut();
      hugeFiles.make(images, new PageWriter(new NamedPages(images)), restore.context);
      restore.files.compile(restore.context::pathOf);
      segments.make(images, new PageWriter(new NamedPages(images)));
      restore.build();
      segments.keep();
      kept.keep();
      stages.end();
      return restore;
    } catch (IOException | RuntimeException e) {
      if (restore != null) {
        restore.pager.close();
      }
      throw e;
    }
  }

  private void layOut() throws IOException {
    for (MemoryLayout layout : layouts.values()) {
      if (layout.hasPrivateBacking()) {
        int backing =
            loaded.isPresent()
                ? pager.addFilled(loaded.get().memory(), loaded.get().privateNumber(layout.pid()))
                : pager.addBacking(Layouts.privateBacking(layout));
        context.privateBacking(layout.pid(), backing, pager.numberInInit(backing));
      }
    }
    for (SharedMemory memory : images.files().sharedMemory()) {
      if (memory.kind() == SharedMemory.Kind.SYSV) {
        context.segment(memory.id(), memory.sysv().id());
      }
    }
    List<SharedMemory> shared = Layouts.sharedMemfds(images);
    for (SharedMemory memory : shared) {
      int backing =
          loaded.isPresent()
              ? pager.addFilled(loaded.get().memory(), loaded.get().sharedNumber(memory.id()))
              : pager.addBacking(Layouts.sharedBacking(images, memory));
      pager.memfd(backing).truncate(memory.sizeBytes());
      context.sharedBacking(memory.id(), backing, pager.numberInInit(backing));
    }
    workingSet();
    for (SharedMemory memory : shared) {
      boolean now = options.memory() == MemoryMode.EAGER || reachedUnregistered(memory.id());
      boolean cutPage = memory.sizeBytes() % (1 << PAGE_SHIFT) != 0;
      if (loaded.isEmpty() && (now || cutPage)) {
        int backing = context.sharedBacking(memory.id());
        pager.fillNow(backing, 0, Layouts.pagesOf(memory));
        pager.memfd(backing).truncate(memory.sizeBytes()); // whole pages were written
      }
    }
  }

  private void workingSet() throws IOException {
    Touches touches = options.touches();
    if (touches.record()) {
      pager.record(
          ServedPages.of(images, layouts.values(), context),
          new Recorder.Plan(images.directory().toRealPath(), images.identity(), touches.limit()));
    } else if (touches.use() && options.memory() != MemoryMode.EAGER) {
      WorkingSet set =
          WorkingSet.read(images.directory(), images.identity(), images::pagemap, warnings);
      if (!set.pages().isEmpty() || !set.zeros().isEmpty()) {
        pager.prefault(ServedPages.of(images, layouts.values(), context), set);
      }
    }
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
    TreeBuilder builder =
        new TreeBuilder(options, images, loaded, layouts, files, context, init, pager, stages);
    TracerThread tracer = TracerThread.lease();
    try {
      hostPid = tracer.submit(builder::build);
    } catch (IOException | RuntimeException | Error e) {
      tracer.close(); // what it has made dies with it
      throw e;
    }
    if (images.manifest().processes().stream().anyMatch(TreeNode::zombie)) {
      tracer.close(); // a zombie stays its tracer's, and its parent does not hear of it
    } else {
      tracer.giveBack();
    }
  }

  /** The pid of the tree's root in this process's pid namespace. */
  public int hostPid() {
    return hostPid;
  }

  /** The pid of the tree's root as it sees itself. */
  public int innerPid() throws IOException {
    return options.newPid() ? hostPid : images.manifest().rootPid();
  }

  /** What was restored. */
  public Images images() {
    return images;
  }

  /** How long each stage took, in their order; together all of it but what the API adds. */
  public Map<String, Duration> stages() {
    return stages.durations();
  }

  /** What was gone past: a line each. */
  public List<String> warnings() {
    return warnings;
  }

  /** Whether what the tree touches is recorded. */
  public boolean records() {
    return options.touches().record();
  }

  /** The pager of the tree. */
  public PagerSession pager() {
    return pager;
  }

  @Override
  public void close() {
    pager.close();
    if (loaded.isEmpty()) {
      try {
        images.close();
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }
}
