package dev.thaw.dump;

import dev.thaw.dump.fd.DescriptorsDump;
import dev.thaw.image.Files;
import dev.thaw.image.ImageCodec;
import dev.thaw.image.Manifest;
import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.remote.RemoteProcess;
import dev.thaw.remote.TracerThread;
import dev.thaw.store.CheckpointWriter;
import dev.thaw.store.PageStoreOptions;
import dev.thaw.store.PageStoreWriter;
import dev.thaw.store.StoreSummary;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Dumps a process tree.
 *
 * <pre>
 *  freeze ─▶ look (refuse) ─▶ inject ─▶ ask ─▶ copy pages ─▶ cure ─▶ write ─▶ kill, or thaw
 * </pre>
 *
 * <p>Whatever fails, the tree runs on as it was and no checkpoint is left.
 */
public final class Dump {
  private static final long AREA_BYTES = 1 << 20;

  private final Options options;
  private final DumpContext context;

  /**
   * What to dump, and how.
   *
   * @param freezeLimit how long the threads may take to stop
   */
  public record Options(
      int pid,
      Path directory,
      boolean leaveRunning,
      boolean closeTcp,
      String version,
      Duration freezeLimit) {}

  /**
   * What a dump came to.
   *
   * @param frozen from the first thread's stop to the tree's release
   */
  public record Summary(int processes, int threads, StoreSummary pages, Duration frozen) {}

  private Dump(Options options) {
    this.options = options;
    this.context =
        new DumpContext(new FileIdentities(), new SharedMemoryTable(), options.closeTcp());
  }

  /** Dumps. */
  public static Summary run(Options options) throws IOException {
    TreeCheck.requireDumpable(options.pid());
    try (TracerThread tracer = new TracerThread("tracer-" + options.pid());
        CheckpointWriter checkpoint = CheckpointWriter.begin(options.directory())) {
      return tracer.submit(() -> new Dump(options).dump(checkpoint));
    }
  }

  private Summary dump(CheckpointWriter checkpoint) throws IOException {
    long begun = System.nanoTime();
    try (PageStoreWriter store = new PageStoreWriter(checkpoint, PageStoreOptions.DEFAULTS);
        FrozenTree tree = FrozenTree.freeze(options.pid(), options.freezeLimit())) {
      List<ProcessDump> processes = look(tree);
      collect(tree, processes, store);
      if (options.leaveRunning()) {
        tree.thaw();
      }
      long thawed = System.nanoTime();
      StoreSummary pages = store.finish();
      checkpoint.commit();
      if (!options.leaveRunning()) {
        tree.kill();
        thawed = System.nanoTime();
      }
      int threads = tree.processes().stream().mapToInt(p -> p.threads().size()).sum();
      return new Summary(
          processes.size(), threads, pages, Duration.ofNanos(thawed - begun));
    }
  }

  private DescriptorsDump descriptors;

  private List<ProcessDump> look(FrozenTree tree) throws IOException {
    descriptors = new DescriptorsDump(context);
    List<ProcessDump> processes = new ArrayList<>();
    for (FrozenTree.FrozenProcess frozen : tree.processes()) {
      ProcessDump process = new ProcessDump(frozen.pid(), frozen.threads(), context);
      process.look(descriptors);
      processes.add(process);
    }
    TreeCheck.requireSeparate(tree);
    return processes;
  }

  private void collect(FrozenTree tree, List<ProcessDump> processes, PageStoreWriter store)
      throws IOException {
    PagesDump pages = new PagesDump(store, LazyPages.NONE);
    for (int i = 0; i < processes.size(); i++) {
      ProcessDump process = processes.get(i);
      FrozenTree.FrozenProcess frozen = tree.processes().get(i);
      try (RemoteProcess remote =
          RemoteProcess.inject(frozen.threads().get(0), 0, AREA_BYTES)) {
        process.ask(remote);
        remote.cure();
      }
      pages.privatePages(process.pid(), process.mm().vmas());
    }
    List<SharedMemory> shared = new ArrayList<>();
    for (SharedMemoryTable.Entry entry : context.sharedMemory().entries()) {
      pages.sharedPages(entry);
      shared.add(entry.memory());
    }
    pages.flush();
    write(tree, processes, shared, null);
  }

  private void write(
      FrozenTree tree,
      List<ProcessDump> processes,
      List<SharedMemory> shared,
      CheckpointWriter checkpoint)
      throws IOException {
    List<TreeNode> nodes = new ArrayList<>();
    for (ProcessDump process : processes) {
      nodes.add(process.node());
      ProcessImage image = process.image();
      checkpoint.add(ProcessImage.fileName(process.pid()), ImageCodec.write(image));
    }
    nodes.addAll(tree.zombies());
    ProcessDump root = processes.get(0);
    Manifest manifest =
        new Manifest(
            Manifest.FORMAT_VERSION,
            options.version(),
            MachineDump.describe(root.pid(), root.mm().vmas(), root.leaderXstate()),
            root.pid(),
            nodes);
    checkpoint.add(Manifest.FILE, ImageCodec.write(manifest));
    checkpoint.add(Files.FILE, ImageCodec.write(new Files(descriptors.files(), shared)));
  }
}
