package dev.thaw.restore;

import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ProcessImage;
import dev.thaw.linux.Fd;
import dev.thaw.linux.PidFd;
import dev.thaw.linux.Ptrace;
import dev.thaw.linux.QueuedSignal;
import dev.thaw.pager.InitConnection;
import dev.thaw.pager.PagerSession;
import dev.thaw.pager.SpaceMark;
import dev.thaw.pager.SpaceVma;
import dev.thaw.pager.SpawnedTask;
import dev.thaw.pager.VmaKind;
import dev.thaw.remote.Program;
import dev.thaw.remote.RemoteProcess;
import dev.thaw.remote.Results;
import dev.thaw.remote.TaskGoneException;
import dev.thaw.remote.Tracee;
import dev.thaw.restore.fd.FilesPlan;
import dev.thaw.restore.fd.Phase;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Builds the tree, process by process and step by step. Runs on the tracer thread. */
final class TreeBuilder {
  private static final int PAGE_SHIFT = 12;
  private static final int ANY_PID = 0;
  private static final Duration STOP_LIMIT = Duration.ofSeconds(5);

  /** EVENT_FORK, REMAP, REMOVE, UNMAP, MISSING_SHMEM, MINOR_SHMEM, POISON (linux/userfaultfd.h). */
  private static final long UFFD_FEATURES =
      1 << 1 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 5 | 1 << 10 | 1 << 14;

  private final Restore.Options options;
  private final Images images;
  private final Map<Integer, MemoryLayout> layouts;
  private final FilesPlan files;
  private final RestoreContext context;
  private final InitConnection init;
  private final PagerSession pager;
  private final Map<Integer, ProcessBuilding> processes = new LinkedHashMap<>();
  private final PageWriter writer;
  private final int uffdNumber;
  private final int exeNumber;
  private final int firstBlobFd;
  private List<KernelPages.Mapping> kernelPages;
  private VectorState vectors;
  private long asideBase;
  private long areaAddress;
  private long areaBytes;

  TreeBuilder(
      Restore.Options options,
      Images images,
      Map<Integer, MemoryLayout> layouts,
      FilesPlan files,
      RestoreContext context,
      InitConnection init,
      PagerSession pager) {
    this.options = options;
    this.images = images;
    this.layouts = layouts;
    this.files = files;
    this.context = context;
    this.init = init;
    this.pager = pager;
    this.writer = new PageWriter(images.pages());
    this.uffdNumber = files.firstFreeNumber();
    this.exeNumber = uffdNumber + 1;
    this.firstBlobFd = uffdNumber + 2;
  }

  /**
   * Builds all of it, up to the first instruction of every thread.
   *
   * @return the root's pid in this process's pid namespace
   */
  int build() throws IOException {
    chooseAddresses();
    makeProcesses();
    for (ProcessBuilding process : living()) {
      memory(process);
    }
    for (Phase phase : Phase.values()) {
      for (ProcessBuilding process : living()) {
        process.run(files.program(process.pid(), phase).build());
      }
    }
    pager.start();
    buryZombies();
    for (ProcessBuilding process : living()) {
      attributes(process);
    }
    for (ProcessBuilding process : living()) {
      process.cure(gadget(process), vectors);
    }
    ProcessBuilding root = processes.get(images.manifest().processes().get(0).pid());
    if (options.greeting().isPresent()) {
      Restore.Greeting greeting = options.greeting().get();
      QueuedSignal.send(root.hostPid(), greeting.signal(), greeting.value());
    }
    int hostPid = root.hostPid();
    for (ProcessBuilding process : living()) {
      process.release();
    }
    return hostPid;
  }

  private List<ProcessBuilding> living() {
    return processes.values().stream().filter(p -> !p.node().zombie()).toList();
  }

  private void chooseAddresses() throws IOException {
    areaBytes = AreaSize.of(images, files);
    long hole = AddressHole.find(images.processes(), KernelPages.ASIDE_BYTES + areaBytes);
    asideBase = hole;
    areaAddress = hole + KernelPages.ASIDE_BYTES;
  }

  private void makeProcesses() throws IOException {
    TreeNode root = images.manifest().processes().get(0);
    SpawnedTask task = PidWait.spawn(init, options.newPid() ? ANY_PID : root.pid());
    Tracee tracee = Tracee.seize(task.pid(), Tracee.FOLLOW_OR_DIE);
    tracee.stop(STOP_LIMIT);
    vectors = VectorState.of(tracee.xstate());
    vectors.require(images.manifest().machine(), images.processes());
    Optional<Ptrace.RseqConfiguration> rseq = tracee.rseq();
    RemoteProcess remote =
        RemoteProcess.injectFresh(
            tracee, task.gadgetAddress(), areaAddress, areaBytes, firstBlobFd);
    kernelPages = KernelPages.of(task.pid());
    Map<String, Long> aside = KernelPages.aside(kernelPages, asideBase);
    aside.forEach(context::aside);
    remote.run(
        SkeletonPrograms.empty(
            kernelPages, aside, asideBase, areaAddress + areaBytes, remote.ownDescriptor(), rseq));
    addFamily(new ProcessBuilding(root, images.process(root.pid()), remote));
    groups();
  }

  private void addFamily(ProcessBuilding process) throws IOException {
    processes.put(process.pid(), process);
    List<TreeNode> children =
        images.manifest().processes().stream()
            .filter(n -> n.ppid() == process.pid() && n.pid() != process.pid())
            .toList();
    Program family = SkeletonPrograms.family(process.node(), children);
    Results results = process.run(family);
    List<Tracee> born = results == null ? List.of() : results.born();
    for (Tracee child : born) {
      int pid = InnerPid.of(child.tid());
      TreeNode node = children.stream().filter(n -> n.pid() == pid).findFirst().orElseThrow();
      addFamily(
          new ProcessBuilding(
              node, images.process(node.pid()), process.remote().startProcess(child)));
    }
  }

  /** Process groups: leaders first, then those that join them. A group outside the tree is left. */
  private void groups() throws IOException {
    List<TreeNode> nodes = images.manifest().processes();
    for (boolean leaders : new boolean[] {true, false}) {
      for (TreeNode node : nodes) {
        boolean leads = node.pgid() == node.pid();
        boolean known = nodes.stream().anyMatch(n -> n.pid() == node.pgid());
        if (leads == leaders && known && node.sid() != node.pid()) {
          processes.get(node.pid()).run(SkeletonPrograms.group(node));
        }
      }
    }
  }

  private void memory(ProcessBuilding process) throws IOException {
    MemoryLayout layout = layouts.get(process.pid());
    MemoryPrograms programs = new MemoryPrograms(layout, context);
    process.run(programs.map());
    for (PagemapRun run : layout.writtenRuns()) {
      writer.write(process.hostPid(), run);
    }
    process.run(programs.protect());
    process.run(MemoryPrograms.mmFields(process.image().mm(), exeNumber));
    if (programs.registers()) {
      process.run(programs.register(uffdNumber, UFFD_FEATURES));
      try (PidFd pidfd = PidFd.open(process.hostPid())) {
        Fd uffd = pidfd.take(uffdNumber);
        List<SpaceVma> served = served(layout);
        boolean drain = served.stream().anyMatch(v -> v.kind().copied());
        pager.addSpace(process.hostPid(), uffd, served, marks(layout), drain);
      }
      process.run(SkeletonPrograms.close(uffdNumber));
    }
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

  private void buryZombies() throws IOException {
    for (ProcessBuilding process : processes.values()) {
      if (process.node().zombie()) {
        try {
          process.run(SkeletonPrograms.die(process.node()));
          throw new RestoreException("pid " + process.pid() + " did not become a zombie");
        } catch (TaskGoneException expected) {
          process.remote().close();
        }
      }
    }
  }

  private void attributes(ProcessBuilding process) throws IOException {
    ProcessImage image = process.image();
    process.run(SkeletonPrograms.unmap(asideBase, KernelPages.ASIDE_BYTES));
    process.makeThreads();
    process.run(TaskPrograms.attributes(image));
    process.run(TaskPrograms.signalActions(image));
    process.run(TaskPrograms.pending(image));
    process.run(TaskPrograms.timers(image));
    process.run(TaskPrograms.limits(image));
    int pid = process.hostPid();
    setting(pid, "oom_score_adj", Integer.toString(image.attributes().oomScoreAdj()));
    setting(pid, "coredump_filter", "0x" + hex(image.attributes().coreFilter()));
    if (options.newPid()) {
      KnownTid.update(pid, image.threads().get(0), InnerPid.of(pid));
    }
    process.setThreadAttributes();
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
