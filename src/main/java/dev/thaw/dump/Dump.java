package dev.thaw.dump;

import dev.thaw.dump.fd.DescriptorsDump;
import dev.thaw.image.Addr;
import dev.thaw.image.Files;
import dev.thaw.image.ImageCodec;
import dev.thaw.image.Manifest;
import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.proc.ProcStat;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Dumps a process tree.
 *
 * <pre>
 *             freeze ─▶ look (refuse) ─▶ inject, ask, cure ─▶ copy pages ─▶ write ─▶ kill
 *  rehearse ─────┘                                                 └─▶ thaw ─▶ write
 * </pre>
 *
 * <p>Whatever fails, the tree runs on as it was and no checkpoint is left.
 */
public final class Dump {
  private final Options options;
  private final Watcher watcher;
  private final DumpContext context;
  private final DescriptorsDump descriptors;
  private final CheckpointWriter checkpoint;
  private final List<ProcessDump> processes = new ArrayList<>();

  /**
   * What to dump, and how.
   *
   * @param version of thaw, for the manifest
   * @param freezeLimit how long the threads may take to stop
   * @param callerPid the process that waits for the dump
   */
  public record Options(
      int pid,
      Path directory,
      boolean leaveRunning,
      boolean closeTcp,
      String version,
      Duration freezeLimit,
      int callerPid) {}

  /** Told how far a dump is. Must be quick. */
  public interface Watcher {
    /**
     * @param done how much of the phase is done, from any thread at any time
     * @param total all of it; 0 where not known
     */
    void phase(String name, LongSupplier done, long total);
  }

  /**
   * What a dump came to.
   *
   * @param frozen from the first thread's stop to the tree's release
   */
  public record Summary(int processes, int threads, StoreSummary pages, Duration frozen) {}

  private Dump(Options options, CheckpointWriter checkpoint, Watcher watcher) {
    this.options = options;
    this.watcher = watcher;
    this.checkpoint = checkpoint;
    this.context =
        new DumpContext(
            new FileIdentities(), new SharedMemoryTable(), new ArrayList<>(), options.closeTcp());
    this.descriptors = new DescriptorsDump(context);
  }

  /** Dumps. */
  public static Summary run(Options options, Watcher watcher) throws IOException {
    TreeCheck.requireDumpable(options.pid(), options.callerPid());
    watcher.phase("waiting for the restore of it", () -> 0, 0);
    LazyPages.awaitFilled(options.pid());
    try (TracerThread tracer = new TracerThread("tracer-" + options.pid());
        CheckpointWriter checkpoint = CheckpointWriter.begin(options.directory())) {
      return tracer.submit(() -> new Dump(options, checkpoint, watcher).dump());
    }
  }

  private Summary dump() throws IOException {
    try (PageStoreWriter store = new PageStoreWriter(checkpoint, storeOptions())) {
      if (options.leaveRunning()) {
        rehearse();
        store.prepare();
      }
      watcher.phase("stopping", () -> 0, 0);
      long begun = System.nanoTime();
      StoreSummary pages;
      long released;
      try (FrozenTree tree = FrozenTree.freeze(options.pid(), options.freezeLimit())) {
        look(tree);
        ask();
        Map<String, Record> metadata = metadata(tree);
        copy(store);
        if (options.leaveRunning()) {
          tree.thaw();
          store.release();
        }
        released = System.nanoTime();
        for (Map.Entry<String, Record> file : metadata.entrySet()) {
          checkpoint.add(file.getKey(), ImageCodec.write(file.getValue()));
        }
        pages = store.finish();
        watcher.phase("flushing to disk", () -> 0, 0);
        checkpoint.commit();
        if (!options.leaveRunning()) {
          released = System.nanoTime();
          TreeEnd.kill(tree);
        }
      }
      int threads = processes.stream().mapToInt(p -> p.threads().size()).sum();
      return new Summary(processes.size(), threads, pages, Duration.ofNanos(released - begun));
    }
  }

  private PageStoreOptions storeOptions() throws IOException {
    return PageStoreOptions.forDump(
        TreeSize.residentBytes(options.pid()), new SpareMemory().bytes(), options.leaveRunning());
  }

  /**
   * Looks at the root while it still runs, and forgets what it saw: the code is compiled then, the
   * classes are loaded, and the files it maps are read. What fails here does so because it runs.
   */
  private void rehearse() {
    DumpContext forgotten =
        new DumpContext(
            context.identities(), new SharedMemoryTable(), new ArrayList<>(), options.closeTcp());
    ProcDir proc = new ProcDir(options.pid());
    try {
      new MmDump(proc, forgotten).describe(Addr.of(0));
      new DescriptorsDump(forgotten).table(proc);
    } catch (IOException | RuntimeException e) {
      // See above; the real look will tell.
    }
  }

  private void look(FrozenTree tree) throws IOException {
    TreeCheck.requireSeparate(tree);
    for (FrozenTree.Member member : tree.processes()) {
      if (!member.zombie()) {
        ProcessDump process = new ProcessDump(member, context);
        process.look(descriptors);
        processes.add(process);
      }
    }
    SegmentCheck.requireInside(context.sharedMemory(), processes);
    LazyPages.requireKnown(options.pid(), processes);
    descriptors.describe();
    SizeCheck.requireRestorable(options.pid(), processes.size(), context.sharedMemory());
  }

  private void ask() throws IOException {
    for (ProcessDump process : processes) {
      for (ThreadDump thread : process.threads()) {
        try (RemoteProcess remote =
            RemoteProcess.inject(thread.tracee(), 0, RemoteProcess.DEFAULT_AREA_BYTES)) {
          if (thread == process.threads().get(0)) {
            process.ask(remote);
          } else {
            process.askThread(thread, remote);
          }
          remote.cure();
        }
      }
    }
  }

  private void copy(PageStoreWriter store) throws IOException {
    try (PagesDump pages = new PagesDump(store, LazyPages.of(options.pid()))) {
      for (ProcessDump process : processes) {
        pages.privatePages(process.pid(), process.mm().vmas());
      }
      for (SharedMemoryTable.Entry entry : context.sharedMemory().entries()) {
        pages.sharedPages(entry);
      }
      watcher.phase("writing pages", store::donePages, pages.count());
      pages.read(PageStoreOptions.readersForDump(options.leaveRunning()));
    }
  }

  private static Manifest.State state(FrozenTree.Member member) {
    if (member.zombie()) {
      return Manifest.State.ZOMBIE;
    }
    return member.groupStopped() ? Manifest.State.STOPPED : Manifest.State.RUNNING;
  }

  /** The metadata files by name: everything that only a tree that stands still can tell. */
  private Map<String, Record> metadata(FrozenTree tree) throws IOException {
    List<TreeNode> nodes = new ArrayList<>();
    for (FrozenTree.Member member : tree.processes()) {
      ProcStat stat = new ProcDir(member.pid()).stat();
      nodes.add(
          new TreeNode(
              member.pid(),
              member.parentPid(),
              stat.pgid(),
              stat.sid(),
              state(member),
              stat.name(),
              member.zombie() ? stat.exitCode() : 0));
    }
    Map<String, Record> files = new LinkedHashMap<>();
    for (ProcessDump process : processes) {
      files.put(ProcessImage.fileName(process.pid()), process.image());
    }
    ProcessDump root = processes.get(0);
    files.put(
        Manifest.FILE,
        new Manifest(
            Manifest.FORMAT_VERSION,
            options.version(),
            MachineDump.describe(root.pid(), root.mm().vmas(), root.leaderXstate()),
            root.pid(),
            nodes));
    List<SharedMemory> shared = new ArrayList<>();
    for (SharedMemoryTable.Entry entry : context.sharedMemory().entries()) {
      shared.add(entry.memory());
    }
    files.put(
        Files.FILE,
        new Files(descriptors.files(), shared, context.keptFiles(), descriptors.signalOwners()));
    return files;
  }
}
