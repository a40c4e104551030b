package dev.thaw.restore;

import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.ThreadImage;
import dev.thaw.remote.Program;
import dev.thaw.restore.fd.FilesPlan;
import dev.thaw.restore.fd.Phase;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The order in which a tree is built, and the programs that build it. The restore and {@code thaw
 * plan} both go by it, so that the one prints what the other does.
 */
final class BuildOrder {
  /**
   * EVENT_FORK, REMAP, REMOVE, UNMAP, MISSING_SHMEM, MINOR_SHMEM, POISON, THREAD_ID
   * (linux/userfaultfd.h).
   */
  private static final long UFFD_FEATURES =
      1 << 1 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 5 | 1 << 10 | 1 << 14 | 1 << 8;

  private final Images images;
  private final Map<Integer, MemoryLayout> layouts;
  private final FilesPlan files;
  private final RestoreContext context;
  private final List<TreeNode> nodes = new ArrayList<>();
  private final BuildSite.Places places;
  private final int uffdNumber;
  private final int exeNumber;

  /**
   * @param files compiled
   */
  BuildOrder(
      Images images, Map<Integer, MemoryLayout> layouts, FilesPlan files, RestoreContext context)
      throws RestoreException {
    this.images = images;
    this.layouts = layouts;
    this.files = files;
    this.context = context;
    this.uffdNumber = files.firstFreeNumber();
    this.exeNumber = uffdNumber + 1;
    long areaBytes = AreaSize.of(images, files);
    long hole = AddressHole.find(images.processes(), KernelPages.ASIDE_BYTES + areaBytes);
    this.places =
        new BuildSite.Places(hole, hole + KernelPages.ASIDE_BYTES, areaBytes, exeNumber + 1);
  }

  /** Takes all steps on {@code site}, up to threads that only lack their registers. */
  void build(BuildSite site) throws IOException {
    site.begin("processes");
    processes(site);
    site.begin("memory");
    for (ProcessImage process : living()) {
      memory(site, process);
    }
    for (Phase phase : Phase.values()) {
      site.begin("descriptors: " + phase.name().toLowerCase(Locale.ROOT));
      for (ProcessImage process : living()) {
        site.run(process.pid(), files.program(process.pid(), phase).build());
      }
    }
    site.begin("pager");
    site.startPager();
    site.begin("zombies");
    for (TreeNode node : nodes) {
      if (node.zombie()) {
        site.bury(node, SkeletonPrograms.die(node));
      }
    }
    site.begin("threads and attributes");
    for (ProcessImage process : living()) {
      attributes(site, process);
    }
  }

  private List<ProcessImage> living() {
    return nodes.stream().filter(n -> !n.zombie()).map(n -> images.process(n.pid())).toList();
  }

  private void processes(BuildSite site) throws IOException {
    TreeNode root = images.manifest().processes().get(0);
    BuildSite.FreshTask fresh = site.root(root, places);
    Map<String, Long> aside = KernelPages.aside(fresh.kernelPages(), places.asideBase());
    aside.forEach(context::aside);
    site.run(
        root.pid(),
        SkeletonPrograms.empty(
            fresh.kernelPages(),
            aside,
            places.asideBase(),
            places.areaAddress() + places.areaBytes(),
            places.blobFd()));
    family(site, root);
    groups(site);
  }

  private void family(BuildSite site, TreeNode node) throws IOException {
    nodes.add(node);
    List<TreeNode> children =
        images.manifest().processes().stream()
            .filter(n -> n.ppid() == node.pid() && n.pid() != node.pid())
            .toList();
    site.family(node.pid(), SkeletonPrograms.family(node, children), children);
    for (TreeNode child : children) {
      family(site, child);
    }
  }

  /** Process groups: leaders first, then those that join them. A group outside the tree is left. */
  private void groups(BuildSite site) throws IOException {
    List<TreeNode> all = images.manifest().processes();
    for (boolean leaders : new boolean[] {true, false}) {
      for (TreeNode node : all) {
        boolean leads = node.pgid() == node.pid();
        boolean known = all.stream().anyMatch(n -> n.pid() == node.pgid());
        if (leads == leaders && known && node.sid() != node.pid()) {
          site.run(node.pid(), SkeletonPrograms.group(node));
        }
      }
    }
  }

  private void memory(BuildSite site, ProcessImage process) throws IOException {
    int pid = process.pid();
    MemoryLayout layout = layouts.get(pid);
    MemoryPrograms programs = new MemoryPrograms(layout, context);
    site.run(pid, programs.map());
    site.write(layout);
    site.run(pid, programs.protect());
    site.run(pid, MemoryPrograms.mmFields(process.mm(), exeNumber));
    if (programs.registers()) {
      site.run(pid, programs.register(uffdNumber, UFFD_FEATURES));
      site.serve(layout, uffdNumber);
      site.run(pid, SkeletonPrograms.close(uffdNumber, uffdNumber));
    }
  }

  private void attributes(BuildSite site, ProcessImage process) throws IOException {
    int pid = process.pid();
    List<ThreadImage> threads = process.threads();
    site.run(pid, SkeletonPrograms.unmap(places.asideBase(), KernelPages.ASIDE_BYTES));
    List<ThreadImage> further = threads.subList(1, threads.size());
    if (!further.isEmpty()) {
      ThreadPrograms.Birth birth = ThreadPrograms.birth(further, places.blobFd() + 1);
      site.threads(pid, birth);
      site.run(pid, SkeletonPrograms.close(birth.firstDriverFd(), birth.lastDriverFd()));
    }
    site.run(pid, TaskPrograms.all(process));
    site.settings(process);
    if (!further.isEmpty()) {
      Map<ThreadImage, Program> programs = new LinkedHashMap<>();
      further.forEach(thread -> programs.put(thread, attributes(process, thread)));
      site.runLast(pid, programs);
    }
    // The leader, whose rights made the rest, comes last.
    site.runLast(pid, attributes(process, threads.get(0)));
    site.installExitPages(process);
  }

  private static Program attributes(ProcessImage process, ThreadImage thread) {
    ProcessImage.Attributes attributes = process.attributes();
    return ThreadPrograms.attributes(thread, attributes.dumpable(), attributes.noNewPrivileges());
  }
}
