package dev.thaw.restore;

import dev.thaw.image.Manifest;
import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.ThreadImage;
import dev.thaw.image.Vma;
import dev.thaw.remote.Program;
import dev.thaw.remote.Syscalls;
import dev.thaw.restore.fd.FilesPlan;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * The restore of a checkpoint as text, made by the {@link BuildOrder} that also makes the restore.
 * What only a restore knows is made up, and the first lines say how. Changes nothing and asks the
 * machine nothing.
 */
public final class RestorePlan implements BuildSite {
  /** One above PID_MAX_LIMIT (include/linux/threads.h): no process has it. */
  private static final int INIT = 4 * 1024 * 1024 + 1;

  private static final int FIRST_MEMFD = 1000;

  /** Where a kernel puts the vDSO, as a rule: below the stack. */
  private static final long FRESH_PAGES = 0x7ffff7f00000L;

  private static final int PAGE_SHIFT = 12;

  private final Images images;
  private final OptionalInt only;
  private final RestoreContext context = new RestoreContext(INIT);
  private final List<String> memfds = new ArrayList<>();
  private final List<String> lines = new ArrayList<>();
  private String stage = "";
  private Places places;

  private RestorePlan(Images images, OptionalInt only) {
    this.images = images;
    this.only = only;
  }

  /**
   * The plan, a line each.
   *
   * @param only the one process whose steps are wanted; one of the checkpoint
   */
  public static List<String> of(Images images, MemoryMode mode, OptionalInt only)
      throws IOException {
    return new RestorePlan(images, only).make(mode);
  }

  private List<String> make(MemoryMode mode) throws IOException {
    Map<Integer, MemoryLayout> layouts = Layouts.of(images, mode);
    nameMemfds(layouts);
    FilesPlan files = new FilesPlan(images.processes(), images.files());
    files.compile(context::pathOf);
    new BuildOrder(images, layouts, files, context).build(this);
    begin("registers");
    images.processes().forEach(this::registers);
    begin("run");
    images.manifest().processes().forEach(this::release);
    List<String> all = new ArrayList<>(header());
    all.addAll(lines);
    return all;
  }

  private void nameMemfds(Map<Integer, MemoryLayout> layouts) {
    for (MemoryLayout layout : layouts.values()) {
      if (layout.hasPrivateBacking()) {
        int backing = memfd("private memory of " + layout.pid());
        context.privateBacking(layout.pid(), backing, FIRST_MEMFD + backing);
      }
    }
    for (SharedMemory memory : images.files().sharedMemory()) {
      if (memory.kind() == SharedMemory.Kind.SYSV) {
        context.segment(memory.id(), memory.sysv().id());
      }
    }
    for (SharedMemory memory : HugeFiles.of(images)) {
      int number = memfd("huge pages of shared memory " + memory.id());
      context.hugeFile(memory.id(), FIRST_MEMFD + number);
    }
    for (SharedMemory memory : Layouts.sharedMemfds(images)) {
      int backing = memfd("shared memory " + memory.id());
      context.sharedBacking(memory.id(), backing, FIRST_MEMFD + backing);
    }
  }

  private int memfd(String what) {
    memfds.add(what);
    return memfds.size() - 1;
  }

  private List<String> header() {
    List<String> header = new ArrayList<>();
    header.add("# what each process runs at the restore, in this order; # begins what thaw does");
    header.add("# $3: what call 3 of the same program returned; data+8: in the program's memory");
    header.add("# made up, since only the restore will know:");
    header.add("#   " + INIT + " is the pid of thaw-init, and among its descriptors");
    for (int i = 0; i < memfds.size(); i++) {
      header.add("#   " + (FIRST_MEMFD + i) + " is the memfd of the " + memfds.get(i));
    }
    header.add(String.format("#   %#x is where the new root has the kernel's pages", FRESH_PAGES));
    return header;
  }

  @Override
  public void begin(String name) {
    stage = name;
  }

  /** Adds lines of {@code pid}, under the stage that they are the first of. */
  private void add(int pid, String what, List<String> text) {
    if (!text.isEmpty()) {
      remark(pid, what);
      lines.addAll(shown(pid) ? text : List.of());
    }
  }

  private boolean shown(int pid) {
    return only.isEmpty() || only.getAsInt() == pid;
  }

  /** A line that stands for itself. */
  private void remark(int pid, String what) {
    if (!shown(pid)) {
      return;
    }
    if (!stage.isEmpty()) {
      lines.add("");
      lines.add("## " + stage);
      stage = "";
    }
    lines.add("# pid " + pid + ": " + what);
  }

  @Override
  public FreshTask root(TreeNode root, Places chosen) {
    places = chosen;
    remark(
        root.pid(),
        String.format(
            "thaw makes it, with its blob at %#x+%#x and that's socket as descriptor %d",
            chosen.areaAddress(), chosen.areaBytes(), chosen.blobFd()));
    Map<String, Long> sizes = new TreeMap<>();
    for (ProcessImage process : images.processes()) {
      for (Vma vma : process.mm().vmas()) {
        if (vma.backing() instanceof Vma.Backing.Vdso pages) {
          sizes.merge(pages.name(), vma.bytes(), Math::max);
        }
      }
    }
    List<KernelPages.Mapping> kernelPages = new ArrayList<>();
    long at = FRESH_PAGES;
    for (Map.Entry<String, Long> pages : sizes.entrySet()) {
      kernelPages.add(new KernelPages.Mapping(pages.getKey(), at, pages.getValue()));
      at += pages.getValue();
    }
    return new FreshTask(kernelPages);
  }

  @Override
  public void run(int pid, Program program) {
    add(pid, program.name(), calls(program));
  }

  private static List<String> calls(Program program) {
    return program.toString().lines().skip(1).toList();
  }

  @Override
  public void runLast(int pid, Map<ThreadImage, Program> programs) {
    programs.forEach(
        (thread, program) -> add(pid, "attributes of thread " + thread.tid(), calls(program)));
  }

  @Override
  public void runLast(int pid, Program program) {
    run(pid, program);
  }

  @Override
  public void family(int pid, Program program, List<TreeNode> children) {
    run(pid, program);
  }

  @Override
  public void threads(int pid, ThreadPrograms.Birth birth) {
    run(pid, birth.program());
  }

  @Override
  public void write(MemoryLayout layout) {
    List<String> runs = new ArrayList<>();
    for (PagemapRun run : layout.writtenRuns()) {
      runs.add(
          String.format(
              "#     %#x-%#x", run.firstPage() << PAGE_SHIFT, run.endPage() << PAGE_SHIFT));
    }
    add(layout.pid(), "thaw writes pages by process_vm_writev", runs);
  }

  @Override
  public void serve(MemoryLayout layout, int uffd) {
    remark(layout.pid(), "thaw takes descriptor " + uffd + " for the pager by pidfd_getfd");
  }

  @Override
  public void startPager() {
    // it is no process of the tree
  }

  @Override
  public void bury(TreeNode node, Program program) {
    run(node.pid(), program);
  }

  @Override
  public void settings(ProcessImage process) {
    add(
        process.pid(),
        "thaw writes files of /proc, where they differ",
        List.of(
            "#     oom_score_adj " + process.attributes().oomScoreAdj(),
            String.format("#     coredump_filter %#x", process.attributes().coreFilter())));
  }

  @Override
  public void installExitPages(ProcessImage process) {
    remark(process.pid(), "thaw reads the pages that the kernel touches when a thread exits");
  }

  private void registers(ProcessImage process) {
    int xstateBytes = images.manifest().machine().xsaveBytes();
    for (int i = process.threads().size() - 1; i >= 0; i--) {
      ThreadImage thread = process.threads().get(i);
      Program.Builder leave = Program.builder("leave the blob");
      leave.call(Syscalls.CLOSE, places.blobFd() + i);
      if (i == 0) {
        leave.call(Syscalls.MUNMAP, places.areaAddress(), places.areaBytes());
      }
      List<String> text = new ArrayList<>(calls(leave.build()));
      int tid = thread.tid();
      String registers = FinalRegisters.of(thread).toString().replace(" ", ", ");
      text.add("#     ptrace(PTRACE_SETREGSET, " + tid + ", NT_PRSTATUS, {" + registers + "})");
      text.add(
          "#     ptrace(PTRACE_SETREGSET, " + tid + ", NT_X86_XSTATE, " + xstateBytes + " bytes)");
      text.add("#     ptrace(PTRACE_SETSIGMASK, " + tid + ", 8, [" + thread.blocked() + "])");
      add(process.pid(), "thread " + tid + " leaves the blob", text);
    }
  }

  private void release(TreeNode node) {
    if (node.zombie()) {
      return;
    }
    List<String> text = new ArrayList<>();
    if (node.state() == Manifest.State.STOPPED) {
      text.add("#     pidfd_send_signal(" + node.pid() + ", SIGSTOP, NULL, 0)");
    }
    for (ThreadImage thread : images.process(node.pid()).threads()) {
      text.add("#     ptrace(PTRACE_DETACH, " + thread.tid() + ", NULL, 0)");
    }
    add(node.pid(), "runs", text);
  }
}
