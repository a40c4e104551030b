package dev.thaw.restore;

import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.ThreadImage;
import dev.thaw.linux.Fd;
import dev.thaw.linux.PidFd;
import dev.thaw.linux.QueuedSignal;
import dev.thaw.pager.InitConnection;
import dev.thaw.pager.PagerSession;
import dev.thaw.pager.SpaceMark;
import dev.thaw.pager.SpaceVma;
import dev.thaw.pager.SpawnedTask;
import dev.thaw.pager.VmaKind;
import dev.thaw.remote.FreshBlob;
import dev.thaw.remote.Program;
import dev.thaw.remote.RemoteProcess;
import dev.thaw.remote.TaskGoneException;
import dev.thaw.remote.Tracee;
import dev.thaw.restore.fd.FilesPlan;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Builds the tree, process by process and step by step. Runs on the tracer thread. */
final class TreeBuilder implements BuildSite {
  private static final int PAGE_SHIFT = 12;
  private static final int ANY_PID = 0;

  private final Restore.Options options;
  private final Images images;
  private final Optional<LoadedCheckpoint> loaded;
  private final Map<Integer, MemoryLayout> layouts;
  private final FilesPlan files;
  private final RestoreContext context;
  private final InitConnection init;
  private final PagerSession pager;
  private final Map<Integer, ProcessBuilding> processes = new LinkedHashMap<>();
  private final PageWriter writer;
  private final Stages stages;
  private final ProgramQueue queue = new ProgramQueue();
  private VectorState vectors;

  TreeBuilder(
      Restore.Options options,
      Images images,
      Optional<LoadedCheckpoint> loaded,
      Map<Integer, MemoryLayout> layouts,
      FilesPlan files,
      RestoreContext context,
      InitConnection init,
      PagerSession pager,
      Stages stages) {
    this.options = options;
    this.images = images;
    this.loaded = loaded;
    this.layouts = layouts;
    this.files = files;
    this.context = context;
    this.init = init;
    this.pager = pager;
    this.stages = stages;
    this.writer = new PageWriter(new NamedPages(images));
  }

  /**
   * Builds all of it, up to the first instruction of every thread.
   *
   * @return the root's pid in this process's pid namespace
   */
  int build() throws IOException {
    new BuildOrder(images, layouts, files, context).build(this);
    stages.begin("registers");
    for (ProcessBuilding process : living()) {
      process.cure(gadget(process), vectors);
    }
    ProcessBuilding root = processes.get(images.manifest().processes().get(0).pid());
    if (options.greeting().isPresent()) {
      Restore.Greeting greeting = options.greeting().get();
      QueuedSignal.send(root.hostPid(), greeting.signal(), greeting.value());
    }
    int hostPid = root.hostPid();
    for (ProcessBuilding process : stoppedFirst(living())) {
      process.release();
    }
    return hostPid;
  }

  /** Nobody of the tree sees one of them run. */
  private static List<ProcessBuilding> stoppedFirst(List<ProcessBuilding> all) {
    return all.stream().sorted(Comparator.comparing(p -> !p.stopped())).toList();
  }

  private List<ProcessBuilding> living() {
    return processes.values().stream().filter(p -> !p.node().zombie()).toList();
  }

  @Override
  public void begin(String stage) {
    stages.begin(stage.startsWith("descriptors") ? "descriptors" : stage);
  }

  @Override
  public FreshTask root(TreeNode root, Places places) throws IOException {
    FreshBlob blob = new FreshBlob(places.areaAddress(), places.areaBytes(), places.blobFd());
    SpawnedTask task =
        PidWait.spawn(
            init,
            options.newPid() ? ANY_PID : root.pid(),
            new SpawnedTask.Image(
                blob.areaAddress(), blob.areaBytes(), blob.descriptor(), blob.start()));
    Tracee tracee = Tracee.seize(task.pid(), Tracee.FOLLOW_OR_DIE);
    RemoteProcess remote = blob.in(tracee, task.socket());
    vectors = VectorState.here(tracee);
    vectors.require(images.manifest().machine(), images.processes());
    processes.put(root.pid(), new ProcessBuilding(root, images.process(root.pid()), remote));
    return new FreshTask(KernelPages.of(task.pid()));
  }

  @Override
  public void run(int pid, Program program) throws IOException {
    queue.add(processes.get(pid).remote(), program);
  }

  @Override
  public void runLast(int pid, Map<ThreadImage, Program> programs) throws IOException {
    queue.flush();
    processes.get(pid).runLast(programs);
  }

  @Override
  public void runLast(int pid, Program program) throws IOException {
    queue.runLast(processes.get(pid).remote(), program);
  }

  @Override
  public void family(int pid, Program family, List<TreeNode> children) throws IOException {
    if (children.isEmpty()) {
      run(pid, family);
      return;
    }
    queue.flush();
    ProcessBuilding process = processes.get(pid);
    for (Tracee child : process.remote().run(family).born()) {
      int inner = InnerPid.of(child.tid());
      TreeNode node = children.stream().filter(n -> n.pid() == inner).findFirst().orElseThrow();
      processes.put(
          node.pid(),
          new ProcessBuilding(
              node, images.process(node.pid()), process.remote().startProcess(child)));
    }
  }

  @Override
  public void write(MemoryLayout layout) throws IOException {
    queue.flush();
    int pid = processes.get(layout.pid()).hostPid();
    Optional<WrittenPages> kept = loaded.flatMap(checkpoint -> checkpoint.written(layout.pid()));
    if (kept.isPresent()) {
      kept.get().write(pid);
    } else {
      for (PagemapRun run : layout.writtenRuns()) {
        writer.write(pid, run);
      }
    }
  }

  @Override
  public void serve(MemoryLayout layout, int uffdNumber) throws IOException {
    queue.flush();
    int pid = processes.get(layout.pid()).hostPid();
    try (PidFd pidfd = PidFd.open(pid)) {
      Fd uffd = pidfd.take(uffdNumber);
      List<SpaceVma> served = served(layout);
      boolean drain = served.stream().anyMatch(v -> v.kind().copied());
      pager.addSpace(pid, uffd, served, marks(layout), drain);
    }
  }

  @Override
  public void startPager() throws IOException {
    queue.flush();
    pager.start();
  }

  private List<SpaceVma> served(MemoryLayout layout) {
    List<SpaceVma> vmas = new ArrayList<>();
    for (MemoryLayout.Area area : layout.areas()) {
      if (area.treatment().registered()) {
        vmas.add(
            new SpaceVma(
                area.start(),
                area.end(),
                context.servedBacking(area),
                area.servedPage(),
                kind(area)));
      }
    }
    return vmas;
  }

  /** What a child that maps its ancestor's memfd knows of the pages in which the two differ. */
  private List<SpaceMark> marks(MemoryLayout layout) {
    List<SpaceMark> marks = new ArrayList<>();
    for (MemoryLayout.Area area : layout.areas()) {
      if (area.borrowed().isPresent()) {
        int backing = context.servedBacking(area);
        long offset = area.firstPage() - (area.start() >>> PAGE_SHIFT);
        for (PagemapRun run : area.borrowed().get().written()) {
          long page = run.firstPage() + offset;
          marks.add(new SpaceMark(backing, page, run.pageCount(), SpaceMark.Kind.INSTALLED));
        }
        for (CopyOnWrite.Blank blank : area.borrowed().get().blank()) {
          long page = blank.firstPage() + offset;
          marks.add(new SpaceMark(backing, page, blank.pageCount(), SpaceMark.Kind.DROPPED));
        }
      }
    }
    return marks;
  }

  private static VmaKind kind(MemoryLayout.Area area) {
    return switch (area.treatment()) {
      case LAZY -> VmaKind.PRIVATE;
      case COPY -> area.vma().has("wf") ? VmaKind.ANON_WIPE_ON_FORK : VmaKind.ANON;
      case SHARED -> VmaKind.SHARED;
      default -> throw new IllegalArgumentException(area.treatment() + " is not served");
    };
  }

  @Override
  public void bury(TreeNode node, Program program) throws IOException {
    queue.flush();
    ProcessBuilding process = processes.get(node.pid());
    try {
      process.remote().run(program);
    } catch (TaskGoneException expected) {
      process.remote().close();
      return;
    }
    throw new RestoreException("pid " + process.pid() + " did not become a zombie");
  }

  @Override
  public void threads(int pid, ThreadPrograms.Birth birth) throws IOException {
    queue.flush();
    processes.get(pid).makeThreads(birth);
  }

  @Override
  public void settings(ProcessImage image) throws IOException {
    int pid = processes.get(image.pid()).hostPid();
    setting(pid, "oom_score_adj", Integer.toString(image.attributes().oomScoreAdj()));
    setting(pid, "coredump_filter", "0x" + hex(image.attributes().coreFilter()));
    if (options.newPid()) {
      KnownTid.update(pid, image.threads().get(0), InnerPid.of(pid));
    }
  }

  @Override
  public void installExitPages(ProcessImage image) {
    int pid = processes.get(image.pid()).hostPid();
    image.threads().forEach(thread -> ExitPages.install(pid, thread));
  }

  /** Writes a file of /proc/PID, where it says something else: to write may need more rights. */
  private static void setting(int pid, String name, String wanted) throws IOException {
    Path file = Path.of("/proc/" + pid + "/" + name);
    if (!Files.readString(file).strip().equals(wanted)) {
      Files.writeString(file, wanted);
    }
  }

  private static String hex(int value) {
    return String.format("%08x", value);
  }

  /** A {@code syscall} instruction in the process's own code, to unmap the blob's area with. */
  private long gadget(ProcessBuilding process) throws IOException {
    for (MemoryLayout.Area area : layouts.get(process.pid()).areas()) {
      if ((area.vma().prot() & 4) != 0
          && (area.treatment() == Treatment.KERNEL || area.treatment() == Treatment.OVERLAY)) {
        Optional<Long> found = SyscallInstruction.in(process.hostPid(), area.start(), area.end());
        if (found.isPresent()) {
          return found.get();
        }
      }
    }
    throw new RestoreException(
        "pid " + process.pid() + ": no syscall instruction in its vDSO or program file");
  }
}
