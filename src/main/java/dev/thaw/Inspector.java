package dev.thaw;

import dev.thaw.image.Manifest;
import dev.thaw.image.OpenFile;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.ThreadImage;
import dev.thaw.image.Vma;
import dev.thaw.restore.Images;
import dev.thaw.store.Pagemap;
import dev.thaw.store.PagemapRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** {@link Checkpoint#inspect}. */
final class Inspector {
  private static final int PAGE_SHIFT = 12;

  private final Images images;
  private final Map<Integer, OpenFile> files = new HashMap<>();
  private final Map<Integer, SharedMemory> shared = new HashMap<>();

  private Inspector(Images images) {
    this.images = images;
    images.files().files().forEach(f -> files.put(f.id(), f));
    images.files().sharedMemory().forEach(m -> shared.put(m.id(), m));
  }

  static Inspection run(Path directory) throws IOException {
    try (Images images = Images.open(directory)) {
      Manifest manifest = images.manifest();
      Inspector inspector = new Inspector(images);
      List<Inspection.ProcessEntry> processes = new ArrayList<>();
      for (Manifest.TreeNode node : manifest.processes()) {
        processes.add(inspector.process(node));
      }
      return new Inspection(
          manifest.formatVersion(),
          Files.getLastModifiedTime(directory.resolve(Manifest.FILE)).toInstant().toString(),
          manifest.machine().kernel(),
          processes,
          inspector.sharedMemory(),
          inspector.total());
    }
  }

  private Inspection.ProcessEntry process(Manifest.TreeNode node) {
    if (node.zombie()) {
      return new Inspection.ProcessEntry(
          node.pid(),
          node.ppid(),
          node.name(),
          "zombie",
          List.of(),
          List.of(),
          List.of(),
          new Inspection.Pages(0, 0, 0, 0, 0));
    }
    ProcessImage image = images.process(node.pid());
    Pagemap pagemap = images.pagemap(ProcessImage.pagemapName(node.pid()));
    List<Inspection.ThreadEntry> threads = new ArrayList<>();
    for (ThreadImage thread : image.threads()) {
      threads.add(new Inspection.ThreadEntry(thread.tid(), thread.name()));
    }
    List<Inspection.DescriptorEntry> descriptors = new ArrayList<>();
    for (ProcessImage.Descriptor fd : image.descriptors()) {
      OpenFile file = files.get(fd.file());
      descriptors.add(
          new Inspection.DescriptorEntry(
              fd.number(), file.getClass().getSimpleName(), file.describe()));
    }
    List<Inspection.VmaEntry> vmas = new ArrayList<>();
    for (Vma vma : image.mm().vmas()) {
      vmas.add(entry(vma, pagemap.runs()));
    }
    return new Inspection.ProcessEntry(
        node.pid(),
        node.ppid(),
        node.name(),
        image.mm().exe().path(),
        threads,
        descriptors,
        vmas,
        pages(pagemap));
  }

  private Inspection.VmaEntry entry(Vma vma, List<PagemapRun> runs) {
    long first = vma.start().value() >>> PAGE_SHIFT;
    long end = vma.end().value() >>> PAGE_SHIFT;
    long held = 0;
    long zero = 0;
    for (PagemapRun run : runs) {
      long pages = Math.min(end, run.endPage()) - Math.max(first, run.firstPage());
      if (pages > 0) {
        held += run.zero() ? 0 : pages;
        zero += run.zero() ? pages : 0;
      }
    }
    String range =
        Long.toHexString(vma.start().value()) + "-" + Long.toHexString(vma.end().value());
    return new Inspection.VmaEntry(range, permissions(vma), what(vma.backing()), held, zero);
  }

  private static String permissions(Vma vma) {
    return ((vma.prot() & 1) != 0 ? "r" : "-")
        + ((vma.prot() & 2) != 0 ? "w" : "-")
        + ((vma.prot() & 4) != 0 ? "x" : "-")
        + (vma.backing().privateMapping() ? "p" : "s");
  }

  private String what(Vma.Backing backing) {
    return backing instanceof Vma.Backing.Shared object
        ? name(shared.get(object.object()))
        : backing.describe();
  }

  private static String name(SharedMemory memory) {
    String kind = memory.kind().name().toLowerCase(java.util.Locale.ROOT);
    String huge = memory.isHuge() ? ", huge pages of " + memory.hugePageBytes() / 1024 + " kB" : "";
    return "shared memory " + memory.id() + " (" + kind + huge + ") " + memory.name();
  }

  private List<Inspection.SharedEntry> sharedMemory() {
    List<Inspection.SharedEntry> entries = new ArrayList<>();
    for (SharedMemory memory : images.files().sharedMemory()) {
      entries.add(
          new Inspection.SharedEntry(
              memory.id(),
              name(memory).strip(),
              memory.sizeBytes(),
              pages(images.pagemap(memory.pagemapName()))));
    }
    return entries;
  }

  private Inspection.Pages pages(Pagemap pagemap) {
    return new Inspection.Pages(
        pagemap.statistics().seen(),
        pagemap.statistics().zero(),
        pagemap.statistics().duplicate(),
        pagemap.statistics().stored(),
        images.pages().storedBytes(pagemap));
  }

  private Inspection.Pages total() {
    long seen = 0;
    long zero = 0;
    long duplicate = 0;
    List<Pagemap> all = new ArrayList<>();
    images.processes().forEach(p -> all.add(images.pagemap(ProcessImage.pagemapName(p.pid()))));
    images.files().sharedMemory().forEach(m -> all.add(images.pagemap(m.pagemapName())));
    for (Pagemap pagemap : all) {
      seen += pagemap.statistics().seen();
      zero += pagemap.statistics().zero();
      duplicate += pagemap.statistics().duplicate();
    }
    return new Inspection.Pages(
        seen, zero, duplicate, images.pages().pageCount(), images.pages().fileBytes());
  }
}
