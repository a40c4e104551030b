package dev.thaw.report;

import dev.thaw.image.ProcessImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.Vma;
import dev.thaw.restore.Images;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The map of every VMA. One that the checkpoint holds nothing of and nobody touched is one cell.
 */
final class CheckpointMap {
  private static final int PAGE_SHIFT = 12;

  private final Images images;
  private final FirstTouches touches;
  private final Map<String, HeldPages> held = new HashMap<>();
  private final List<Place> places = new ArrayList<>();

  /**
   * Where the pages of a VMA are.
   *
   * @param pagemap name, empty for memory that is in none
   * @param firstPage number there of the VMA's first page
   */
  private record Place(ProcessImage process, Vma vma, String pagemap, long firstPage, String what) {
    long endPage() {
      return firstPage + vma.pages();
    }
  }

  private CheckpointMap(Images images, FirstTouches touches) {
    this.images = images;
    this.touches = touches;
    BitSet seen = new BitSet();
    for (ProcessImage process : images.processes()) {
      hold(ProcessImage.pagemapName(process.pid()), seen);
    }
    for (SharedMemory memory : images.files().sharedMemory()) {
      hold(memory.pagemapName(), seen);
    }
    images.processes().forEach(p -> p.mm().vmas().forEach(vma -> places.add(place(p, vma))));
  }

  private void hold(String pagemap, BitSet seen) {
    held.put(pagemap, new HeldPages(images.runs(pagemap), seen));
  }

  /** The map of all processes. */
  static List<ReportData.ProcessMap> of(Images images, FirstTouches touches) {
    return new CheckpointMap(images, touches).processes();
  }

  private Place place(ProcessImage process, Vma vma) {
    String own = ProcessImage.pagemapName(process.pid());
    long page = vma.start().value() >>> PAGE_SHIFT;
    Vma.Backing backing = vma.backing();
    if (backing instanceof Vma.Backing.Anonymous anonymous) {
      return new Place(process, vma, own, page, anonymous.growsDown() ? "stack" : "anonymous");
    }
    if (backing instanceof Vma.Backing.MappedFile file) {
      return new Place(process, vma, file.privately() ? own : "", page, file.file().path());
    }
    if (backing instanceof Vma.Backing.Shared shared) {
      return shared.privately()
          ? new Place(process, vma, own, page, name(shared.object()))
          : shared(process, vma, shared.object(), shared.offsetBytes());
    }
    if (backing instanceof Vma.Backing.Huge huge) {
      return huge.privately()
          ? new Place(process, vma, own, page, huge.describe())
          : shared(process, vma, huge.object(), huge.offsetBytes());
    }
    if (backing instanceof Vma.Backing.SysV segment) {
      return shared(process, vma, segment.object(), segment.offsetBytes());
    }
    if (backing instanceof Vma.Backing.CharDevice device) {
      return new Place(process, vma, device.privately() ? own : "", page, device.path());
    }
    String kernel = backing instanceof Vma.Backing.Vdso vdso ? vdso.name() : "[vsyscall]";
    return new Place(process, vma, "", page, kernel);
  }

  private Place shared(ProcessImage process, Vma vma, int object, long offsetBytes) {
    String pagemap = memory(object).pagemapName();
    return new Place(process, vma, pagemap, offsetBytes >>> PAGE_SHIFT, name(object));
  }

  private SharedMemory memory(int object) {
    return images.files().sharedMemory().stream()
        .filter(memory -> memory.id() == object)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no shared memory " + object));
  }

  private String name(int object) {
    SharedMemory memory = memory(object);
    String kind =
        switch (memory.kind()) {
          case ANONYMOUS -> "shared anonymous";
          case MEMFD -> "memfd:" + memory.name();
          case UNLINKED -> "unlinked file";
          case SYSV -> "System V segment " + memory.sysv().id();
        };
    return memory.isHuge()
        ? kind + " (huge pages of " + memory.hugePageBytes() / 1024 + " kB)"
        : kind;
  }

  private List<ReportData.ProcessMap> processes() {
    CellSize size =
        CellSize.of(
            places.stream().filter(p -> !isEmpty(p)).mapToLong(p -> p.vma().pages()).toArray());
    Map<Integer, List<ReportData.VmaMap>> vmas = new HashMap<>();
    for (Place place : places) {
      long pages = place.vma().pages();
      vmas.computeIfAbsent(place.process().pid(), pid -> new ArrayList<>())
          .add(vma(place, isEmpty(place) ? pages : size.pagesPerCell(pages)));
    }
    return images.manifest().processes().stream()
        .filter(node -> !node.zombie())
        .map(
            node ->
                new ReportData.ProcessMap(
                    node.pid(), node.name(), vmas.getOrDefault(node.pid(), List.of())))
        .toList();
  }

  /** Neither held by the checkpoint nor touched: one cell says it all. */
  private boolean isEmpty(Place place) {
    boolean[] found = new boolean[1];
    HeldPages pages = held.get(place.pagemap());
    if (pages != null) {
      pages.forEach(place.firstPage(), place.endPage(), (page, kind) -> found[0] = true);
    }
    touches.forEach(
        place.pagemap(), place.firstPage(), place.endPage(), (page, nanos) -> found[0] = true);
    return !found[0];
  }

  /**
   * Whether the pager serves it, as {@code Treatment} has it: else there are no faults to record.
   */
  private static boolean isRecorded(Vma vma) {
    if (vma.backing() instanceof Vma.Backing.Anonymous anonymous) {
      return !anonymous.growsDown() && !vma.has("lo");
    }
    return vma.backing() instanceof Vma.Backing.Shared shared && !shared.privately();
  }

  private ReportData.VmaMap vma(Place place, long pagesPerCell) {
    Vma vma = place.vma();
    VmaCells cells = new VmaCells(place.firstPage(), vma.pages(), pagesPerCell);
    HeldPages pages = held.get(place.pagemap());
    if (pages != null) {
      pages.forEach(place.firstPage(), place.endPage(), cells::hold);
    }
    touches.forEach(place.pagemap(), place.firstPage(), place.endPage(), cells::touch);
    return new ReportData.VmaMap(
        vma.start().toString(),
        vma.end().toString(),
        permissions(vma),
        place.what(),
        isRecorded(vma),
        vma.pages(),
        cells.held(HeldPages.Kind.STORED),
        cells.held(HeldPages.Kind.DUPLICATE),
        cells.held(HeldPages.Kind.ZERO),
        cells.touched(),
        pagesPerCell,
        cells.runs());
  }

  private static String permissions(Vma vma) {
    Vma.Backing backing = vma.backing();
    boolean shared =
        backing instanceof Vma.Backing.SysV
            || backing instanceof Vma.Backing.Shared s && !s.privately()
            || backing instanceof Vma.Backing.Huge h && !h.privately()
            || backing instanceof Vma.Backing.MappedFile f && !f.privately();
    return ((vma.prot() & 1) != 0 ? "r" : "-")
        + ((vma.prot() & 2) != 0 ? "w" : "-")
        + ((vma.prot() & 4) != 0 ? "x" : "-")
        + (shared ? "s" : "p");
  }
}
