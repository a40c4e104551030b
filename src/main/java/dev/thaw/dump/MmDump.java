package dev.thaw.dump;

import dev.thaw.image.Addr;
import dev.thaw.image.FileIdentity;
import dev.thaw.image.KeptFile;
import dev.thaw.image.MmImage;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.Vma;
import dev.thaw.linux.StatFs;
import dev.thaw.proc.ProcStat;
import dev.thaw.proc.Smaps;
import dev.thaw.proc.SysVShm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Describes the address space of one frozen process: what backs each VMA. Changes nothing. */
final class MmDump {
  /** The memfd that holds private memory after a restore: dumped as what it stands for. */
  static final String PRIVATE_MEMFD = "thaw-private";

  private static final int PAGE = 4096;

  /** The memfd that stands for shared anonymous memory after a restore. */
  static final String SHARED_MEMFD = "thaw-shared";

  /** hugetlb_file_setup() in fs/hugetlbfs/inode.c. */
  private static final String ANONYMOUS_HUGE = "/anon_hugepage (deleted)";

  /** VmFlags (fs/proc/task_mmu.c) that a restore brings back by madvise(2) or mlock(2). */
  private static final Set<String> KEPT_FLAGS =
      Set.of("dc", "dd", "wf", "hg", "nh", "mg", "lo", "lf", "nr", "sr", "rr");

  /** VMAs that a userfaultfd serves, missing pages or minor faults: fs/proc/task_mmu.c. */
  private static final Set<String> SERVED_FLAGS = Set.of("um", "ui");

  private final ProcDir proc;
  private final DumpContext context;
  private boolean served;

  MmDump(ProcDir proc, DumpContext context) {
    this.proc = proc;
    this.context = context;
  }

  /**
   * Describes the address space.
   *
   * @param brk the current program break, which only the process itself can ask
   */
  MmImage describe(Addr brk) throws IOException {
    List<Vma> vmas = new ArrayList<>();
    for (Smaps.Entry entry : proc.smaps()) {
      served |= isServed(entry);
      vmas.add(
          new Vma(
              Addr.of(entry.start()),
              Addr.of(entry.end()),
              entry.prot(),
              entry.flags().stream().filter(KEPT_FLAGS::contains).sorted().toList(),
              backing(entry)));
    }
    String exe = proc.link("exe");
    if (exe.endsWith(" (deleted)")) {
      throw unsupported("exe " + exe, "its program file was replaced; restart it before the dump");
    }
    return new MmImage(
        vmas,
        layout(proc.stat(), brk),
        proc.bytes("auxv"),
        context.identities().of(exe, proc.path("exe"), true));
  }

  /** Whether pages that the process lacks may come from a pager; after {@link #describe}. */
  boolean isServed() {
    return served;
  }

  private static boolean isServed(Smaps.Entry entry) {
    return isPrivateMemfd(entry) || entry.flags().stream().anyMatch(SERVED_FLAGS::contains);
  }

  private static MmImage.Layout layout(ProcStat stat, Addr brk) {
    return new MmImage.Layout(
        Addr.of(stat.field(26)),
        Addr.of(stat.field(27)),
        Addr.of(stat.field(45)),
        Addr.of(stat.field(46)),
        Addr.of(stat.field(47)),
        brk,
        Addr.of(stat.field(28)),
        Addr.of(stat.field(48)),
        Addr.of(stat.field(49)),
        Addr.of(stat.field(50)),
        Addr.of(stat.field(51)));
  }

  private Vma.Backing backing(Smaps.Entry entry) throws IOException {
    String path = entry.path();
    switch (path) {
      case "[vdso]", "[vvar]", "[vvar_vclock]" -> {
        return new Vma.Backing.Vdso(path);
      }
      case "[vsyscall]" -> {
        return new Vma.Backing.Vsyscall();
      }
      default -> refuseSpecial(entry);
    }
    if (entry.has("ht")) {
      return huge(entry);
    }
    if (!entry.shared() && isPrivateAnonymous(entry)) {
      return new Vma.Backing.Anonymous(entry.has("gd"), entry.has("dp"));
    }
    if (path.startsWith("/SYSV") && entry.deleted()) {
      return new Vma.Backing.SysV(sysV(entry), entry.offset());
    }
    if (isSharedMemory(entry)) {
      return OtherName.count(mapFile(entry)) > 0
          ? file(otherName(entry), entry)
          : new Vma.Backing.Shared(shared(entry), entry.offset(), !entry.shared());
    }
    if (entry.deleted()) {
      throw unsupported(
          "mapping " + entry.range() + " of " + path,
          "the file was deleted or replaced; restart the program before the dump");
    }
    return file(path, entry);
  }

  private String otherName(Smaps.Entry entry) throws IOException {
    return OtherName.beside(entry.plainPath(), proc.path("root"), mapFile(entry))
        .orElseThrow(
            () ->
                unsupported(
                    "mapping " + entry.range() + " of " + entry.path(),
                    "the file has another name now, in another directory; open it by that one"));
  }

  private Vma.Backing file(String path, Smaps.Entry entry) throws IOException {
    FileIdentity file = context.identities().of(path, mapFile(entry), !entry.shared());
    if (entry.shared() && entry.has("mw") && file.sizeBytes() <= KeptFile.LIMIT_BYTES) {
      keep(file.path(), mapFile(entry));
    }
    return new Vma.Backing.MappedFile(file, entry.offset(), !entry.shared(), entry.has("mw"));
  }

  private void keep(String path, Path magicLink) throws IOException {
    if (context.keptFiles().stream().anyMatch(f -> f.path().equals(path))) {
      return;
    }
    Map<String, Object> stat = Files.readAttributes(magicLink, "unix:mode,uid,gid");
    context
        .keptFiles()
        .add(
            new KeptFile(
                path,
                (int) stat.get("mode") & 07777,
                (int) stat.get("uid"),
                (int) stat.get("gid"),
                Files.readAllBytes(magicLink)));
  }

  private void refuseSpecial(Smaps.Entry entry) throws UnsupportedResourceException {
    if (entry.has("pf") || entry.has("io") || entry.has("mm")) {
      throw unsupported(
          "mapping " + entry.range() + " " + entry.path(), "memory of a device is not supported");
    }
    if (entry.has("ss")) {
      throw unsupported("mapping " + entry.range(), "a shadow stack is not supported yet");
    }
    if (entry.path().equals("[uprobes]")) {
      throw unsupported("mapping [uprobes]", "detach the uprobes first");
    }
    if (entry.path().startsWith("anon_inode:") || entry.path().startsWith("/[aio]")) {
      throw unsupported("mapping " + entry.range() + " " + entry.path(), "not supported yet");
    }
  }

  /** hugetlb: also private anonymous memory of it is a mapping of a file without a name. */
  private Vma.Backing huge(Smaps.Entry entry) throws IOException {
    if (entry.path().startsWith("/SYSV") && entry.deleted()) {
      return new Vma.Backing.SysV(sysV(entry), entry.offset());
    }
    long pageBytes = StatFs.blockBytes(mapFile(entry).toString());
    if (entry.path().equals(ANONYMOUS_HUGE) && !entry.shared()) {
      return new Vma.Backing.Huge(0, 0, true, pageBytes);
    }
    if (!entry.deleted()) {
      throw unsupported(
          "mapping " + entry.range() + " of " + entry.path(),
          "files of a mounted hugetlbfs are not supported yet; use MAP_HUGETLB or a memfd");
    }
    return new Vma.Backing.Huge(shared(entry), entry.offset(), !entry.shared(), pageBytes);
  }

  /** The size of the huge pages of a mapping, or 0. */
  private long hugePageBytes(Smaps.Entry entry) throws IOException {
    return entry.has("ht") ? StatFs.blockBytes(mapFile(entry).toString()) : 0;
  }

  private static boolean isPrivateAnonymous(Smaps.Entry entry) {
    String path = entry.path();
    return entry.inode() == 0 && !path.startsWith("/")
        || isPrivateMemfd(entry)
        || path.equals("/dev/zero");
  }

  private static boolean isPrivateMemfd(Smaps.Entry entry) {
    return entry.path().equals("/memfd:" + PRIVATE_MEMFD + " (deleted)");
  }

  /** shmem without a name in a file system: the kernel's own mount, or an unlinked tmpfs file. */
  private boolean isSharedMemory(Smaps.Entry entry) throws IOException {
    if (entry.path().startsWith("/memfd:") || entry.path().equals("/dev/zero (deleted)")) {
      return true;
    }
    return entry.deleted() && StatFs.typeOf(mapFile(entry).toString()) == StatFs.TMPFS_MAGIC;
  }

  private int shared(Smaps.Entry entry) throws IOException {
    Path link = mapFile(entry);
    return context
        .sharedMemory()
        .idOf(
            entry.device(),
            entry.inode(),
            link,
            id -> {
              Map<String, Object> stat = Files.readAttributes(link, "unix:size,mode");
              SizeCheck.requireRestorable(proc.pid(), (long) stat.get("size"));
              return new SharedMemory(
                  id,
                  kind(entry),
                  memfdName(entry),
                  (long) stat.get("size"),
                  0,
                  (int) stat.get("mode") & 07777,
                  SharedMemory.SysVKey.NONE,
                  hugePageBytes(entry));
            });
  }

  private static SharedMemory.Kind kind(Smaps.Entry entry) {
    if (entry.path().equals("/memfd:" + SHARED_MEMFD + " (deleted)")
        || entry.path().equals("/dev/zero (deleted)")
        || entry.path().equals(ANONYMOUS_HUGE)) {
      return SharedMemory.Kind.ANONYMOUS;
    }
    return entry.path().startsWith("/memfd:")
        ? SharedMemory.Kind.MEMFD
        : SharedMemory.Kind.UNLINKED;
  }

  private static String memfdName(Smaps.Entry entry) {
    return kind(entry) == SharedMemory.Kind.MEMFD
        ? entry.plainPath().substring("/memfd:".length())
        : "";
  }

  private int sysV(Smaps.Entry entry) throws IOException {
    // shm_mmap's file has the segment's id as its inode number: newseg() in ipc/shm.c.
    long id = entry.inode();
    SysVShm segment =
        SysVShm.find(Files.readString(Path.of("/proc/sysvipc/shm")), id)
            .orElseThrow(
                () ->
                    unsupported(
                        "mapping " + entry.range() + " " + entry.path(),
                        "its segment is not in this IPC namespace; dump from inside of it"));
    long mapped = entry.end() - entry.start();
    long page = Math.max(PAGE, hugePageBytes(entry));
    if (entry.offset() != 0 || mapped != (segment.bytes() + page - 1) / page * page) {
      throw unsupported(
          "mapping " + entry.range() + " " + entry.path(),
          "a System V segment that is attached in part is not supported yet");
    }
    return context
        .sharedMemory()
        .idOf(
            entry.device(),
            entry.inode(),
            mapFile(entry),
            object ->
                new SharedMemory(
                    object,
                    SharedMemory.Kind.SYSV,
                    "",
                    segment.bytes(),
                    0,
                    segment.mode(),
                    new SharedMemory.SysVKey(
                        segment.key(),
                        segment.id(),
                        segment.uid(),
                        segment.gid(),
                        segment.removed()),
                    hugePageBytes(entry)));
  }

  private Path mapFile(Smaps.Entry entry) {
    return proc.path("map_files/" + entry.range());
  }

  private UnsupportedResourceException unsupported(String object, String reason) {
    return new UnsupportedResourceException(proc.pid(), object, reason);
  }
}
