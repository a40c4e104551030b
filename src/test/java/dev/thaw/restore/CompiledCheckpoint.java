package dev.thaw.restore;

import dev.thaw.image.ImageFormatException;
import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.ThreadImage;
import dev.thaw.pager.BackingSpec;
import dev.thaw.pager.Extent;
import dev.thaw.pager.Slot;
import dev.thaw.remote.Program;
import dev.thaw.restore.fd.FilesPlan;
import dev.thaw.restore.fd.Phase;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Does with a checkpoint what a restore does, up to where it would run the first program: opens,
 * checks, lays out, compiles. Memfds are numbers only.
 */
final class CompiledCheckpoint {
  private static final int XSTATE_BYTES = 832;

  private final Images images;
  private final RestoreContext context = new RestoreContext(1);
  private final Map<Integer, MemoryLayout> layouts = new LinkedHashMap<>();
  private final List<Program> programs = new ArrayList<>();
  private int backings;

  private CompiledCheckpoint(Images images) {
    this.images = images;
  }

  /** The programs of the tree. */
  static List<Program> of(Path directory, MemoryMode mode) throws IOException {
    try (Images images = Images.open(directory)) {
      CompiledCheckpoint compiled = new CompiledCheckpoint(images);
      compiled.check();
      compiled.layOut(mode);
      compiled.compile();
      return compiled.programs;
    }
  }

  private void check() throws IOException {
    var machine = images.manifest().machine();
    new MachineCheck(List.of("avx"), Long.MAX_VALUE).require(machine, false);
    new VectorState(7, XSTATE_BYTES).require(machine, images.processes());
    KernelPages.requireSame(
        machine, images.processes(), SampleTree.KERNEL_PAGES, SampleTree.VDSO_DIGEST);
    try {
      new FileCheck(false).check(images);
    } catch (RestoreException e) {
      // Most of the files that it names are not here.
    }
  }

  private void layOut(MemoryMode mode) throws IOException {
    KernelPages.aside(SampleTree.KERNEL_PAGES, 1L << 40).forEach(context::aside);
    for (TreeNode node : images.manifest().processes()) {
      if (!node.zombie()) {
        ProcessImage process = images.process(node.pid());
        Optional<MemoryLayout> parent = Optional.ofNullable(layouts.get(node.ppid()));
        try {
          layouts.put(
              node.pid(),
              new MemoryLayout(
                  process, images.runs(ProcessImage.pagemapName(node.pid())), mode, parent));
        } catch (IllegalArgumentException e) {
          throw new ImageFormatException(e.getMessage()); // as Restore does
        }
      }
    }
    if (mode == MemoryMode.GRADUATE) {
      layouts.replaceAll((pid, layout) -> layout.graduated());
    }
    for (MemoryLayout layout : layouts.values()) {
      if (layout.hasPrivateBacking()) {
        layout.privateBacking("private");
        context.privateBacking(layout.pid(), backings, backings++);
      }
    }
    images.files().sharedMemory().forEach(this::layOut);
  }

  private void layOut(SharedMemory memory) {
    if (memory.kind() == SharedMemory.Kind.SYSV) {
      context.segment(memory.id(), memory.sysv().id());
    } else if (memory.sizeBytes() > 0) {
      List<Extent> content = new ArrayList<>();
      images
          .runs(memory.pagemapName())
          .forEach(r -> content.add(new Extent(r.firstPage(), r.pageCount(), r.firstStorePage())));
      new BackingSpec("shared", true, List.of(new Slot(0, memory.pages())), content);
      context.sharedBacking(memory.id(), backings, backings++);
    }
  }

  private void compile() throws IOException {
    FilesPlan files = new FilesPlan(images.processes(), images.files());
    files.compile(context::pathOf);
    AddressHole.find(images.processes(), AreaSize.of(images, files));
    List<TreeNode> nodes = images.manifest().processes();
    Map<Integer, List<TreeNode>> children = new HashMap<>();
    nodes.forEach(n -> children.computeIfAbsent(n.ppid(), p -> new ArrayList<>()).add(n));
    for (TreeNode node : nodes) {
      if (node.zombie()) {
        programs.add(SkeletonPrograms.die(node));
        continue;
      }
      programs.add(SkeletonPrograms.family(node, children.getOrDefault(node.pid(), List.of())));
      for (Phase phase : Phase.values()) {
        programs.add(files.program(node.pid(), phase).build());
      }
      compile(images.process(node.pid()));
    }
  }

  private void compile(ProcessImage process) {
    MemoryLayout layout = layouts.get(process.pid());
    MemoryPrograms memory = new MemoryPrograms(layout, context);
    layout.areas().stream()
        .filter(area -> area.treatment().registered())
        .forEach(context::servedBacking);
    programs.add(memory.map());
    programs.add(memory.protect());
    programs.add(memory.register(1000, 0));
    programs.add(MemoryPrograms.mmFields(process.mm(), 1001));
    programs.add(TaskPrograms.all(process));
    programs.add(ThreadPrograms.birth(process.threads(), 1002).program());
    for (ThreadImage thread : process.threads()) {
      programs.add(ThreadPrograms.attributes(thread, process.attributes().dumpable(), true));
      FinalRegisters.of(thread);
      new VectorState(7, XSTATE_BYTES).fitted(thread);
    }
  }
}
