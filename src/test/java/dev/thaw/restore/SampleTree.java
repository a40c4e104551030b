package dev.thaw.restore;

import dev.thaw.image.Addr;
import dev.thaw.image.Credentials;
import dev.thaw.image.FileIdentity;
import dev.thaw.image.FileLock;
import dev.thaw.image.Files;
import dev.thaw.image.ImageCodec;
import dev.thaw.image.KeptFile;
import dev.thaw.image.Manifest;
import dev.thaw.image.Manifest.Machine;
import dev.thaw.image.Manifest.State;
import dev.thaw.image.Manifest.TreeNode;
import dev.thaw.image.MmImage;
import dev.thaw.image.OpenFile;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.ProcessImage.Descriptor;
import dev.thaw.image.ProcessImage.IntervalTimer;
import dev.thaw.image.SharedMemory;
import dev.thaw.image.SharedMemory.SysVKey;
import dev.thaw.image.SignalAction;
import dev.thaw.image.SignalInfo;
import dev.thaw.image.SignalOwner;
import dev.thaw.image.SocketOption;
import dev.thaw.image.SocketSetting;
import dev.thaw.image.ThreadImage;
import dev.thaw.image.Vma;
import dev.thaw.image.Vma.Backing;
import dev.thaw.image.file.CharDevice;
import dev.thaw.image.file.Epoll;
import dev.thaw.image.file.EventFd;
import dev.thaw.image.file.InetSocket;
import dev.thaw.image.file.Inotify;
import dev.thaw.image.file.MemoryFile;
import dev.thaw.image.file.Pipe;
import dev.thaw.image.file.ProcessFd;
import dev.thaw.image.file.RegularFile;
import dev.thaw.image.file.SignalFd;
import dev.thaw.image.file.TimerFd;
import dev.thaw.image.file.UnixSocket;
import dev.thaw.store.CheckpointWriter;
import dev.thaw.store.PageSink;
import dev.thaw.store.PageStoreOptions;
import dev.thaw.store.PageStoreWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/** A checkpoint with something of every kind: a root with a thread, a child, and a zombie. */
final class SampleTree {
  static final int ROOT = 100;
  static final int CHILD = 101;
  static final int ZOMBIE = 102;
  static final int THREAD = 103;
  static final int PAGE = 4096;
  static final long HUGE = 2 << 20;
  static final List<KernelPages.Mapping> KERNEL_PAGES =
      List.of(
          new KernelPages.Mapping("[vvar]", 0, 4 * PAGE),
          new KernelPages.Mapping("[vdso]", 4 * PAGE, 2 * PAGE));
  static final String VDSO_DIGEST = "ab".repeat(32);

  private static final FileIdentity PROGRAM =
      new FileIdentity("/usr/bin/thing", 70000, 1_700_000_000_000_000_000L, "abcdef", true);
  private static final FileIdentity DATA =
      new FileIdentity("/var/lib/thing", 8192, 1_700_000_000_000_000_000L, "", false);
  private static final Addr ZERO = Addr.of(0);

  private SampleTree() {}

  /** Writes it. */
  static void write(Path directory) throws Exception {
    try (CheckpointWriter checkpoint = CheckpointWriter.begin(directory);
        PageStoreWriter pages = new PageStoreWriter(checkpoint, PageStoreOptions.DEFAULTS)) {
      checkpoint.add(Manifest.FILE, ImageCodec.write(manifest()));
      checkpoint.add(Files.FILE, ImageCodec.write(files()));
      for (int pid : new int[] {ROOT, CHILD}) {
        checkpoint.add(ProcessImage.fileName(pid), ImageCodec.write(process(pid)));
        PageSink sink = pages.sink(ProcessImage.pagemapName(pid));
        pages.put(noise(4, 1), sink, 0x10);
        pages.put(noise(8, pid), sink, 0x20);
        pages.put(noise(2, 3), sink, 0x7000);
      }
      for (SharedMemory memory : files().sharedMemory()) {
        pages.put(noise(2, memory.id()), pages.sink(memory.pagemapName()), 0);
      }
      pages.finish();
      checkpoint.commit();
    }
  }

  private static ByteBuffer noise(int pageCount, long seed) {
    byte[] bytes = new byte[pageCount * PAGE];
    new Random(seed).nextBytes(bytes);
    return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
  }

  static Manifest manifest() {
    return new Manifest(
        Manifest.FORMAT_VERSION,
        "test",
        new Machine("6.18", "x86_64", PAGE, Addr.of(7), 832, List.of("avx"), VDSO_DIGEST, 1),
        ROOT,
        List.of(
            new TreeNode(ROOT, 1, ROOT, ROOT, State.RUNNING, "root", 0),
            new TreeNode(CHILD, ROOT, ROOT, ROOT, State.STOPPED, "child", 0),
            new TreeNode(ZOMBIE, ROOT, ROOT, ROOT, State.ZOMBIE, "zombie", 9)));
  }

  static Files files() {
    return new Files(
        openFiles(),
        List.of(
            memory(1, SharedMemory.Kind.ANONYMOUS, 4 * PAGE),
            memory(2, SharedMemory.Kind.MEMFD, 2 * PAGE),
            memory(3, SharedMemory.Kind.UNLINKED, 2 * PAGE - 5),
            memory(4, SharedMemory.Kind.SYSV, 2 * PAGE),
            new SharedMemory(
                5, SharedMemory.Kind.MEMFD, "huge", 2 * HUGE, 0, 0600, SysVKey.NONE, HUGE)),
        List.of(new KeptFile("/tmp/kept", 0600, 1000, 1000, new byte[100])),
        List.of(new SignalOwner(3, 1, CHILD, 10, 1000, 1000, true)));
  }

  private static SharedMemory memory(int id, SharedMemory.Kind kind, long bytes) {
    boolean sysv = kind == SharedMemory.Kind.SYSV;
    SysVKey key = sysv ? new SysVKey(77, 5, 0, 0, false) : SysVKey.NONE;
    return new SharedMemory(
        id, kind, kind == SharedMemory.Kind.MEMFD ? "m" : "", bytes, 0, 0600, key, 0);
  }

  private static List<OpenFile> openFiles() {
    List<OpenFile> files = new ArrayList<>();
    files.add(new CharDevice(1, 2, "/dev/null", 1, 3));
    files.add(
        new RegularFile(
            2, 2, DATA, 10, false, List.of(new FileLock(FileLock.Kind.POSIX, ROOT, true, 0, 0))));
    files.add(new Pipe(3, 0, 4711, "", 65536, List.of(new byte[] {1, 2, 3})));
    files.add(new Pipe(4, 1, 4711, "", 65536, List.of()));
    files.add(new Pipe(5, 2, 4712, "/run/fifo", 65536, List.of()));
    files.add(new EventFd(6, 2, Addr.of(9), true));
    files.add(new Epoll(7, 2, List.of(new Epoll.Interest(ROOT, 6, 6, 1, Addr.of(6)))));
    files.add(new TimerFd(8, 2, 1, 1, 0, 5_000_000_000L, 1_000_000_000L));
    files.add(new SignalFd(9, 2, Addr.of(0x200)));
    files.add(new Inotify(10, 0, List.of(new Inotify.Watch(2, "/tmp", 0x100))));
    files.add(new ProcessFd(11, 2, CHILD));
    files.add(new MemoryFile(12, 2, 2, 0, 0));
    files.add(new MemoryFile(19, 2, 5, 0, 0));
    inetSockets(files);
    unixSockets(files);
    files.sort(Comparator.comparingInt(OpenFile::id));
    return files;
  }

  private static List<SocketSetting> options() {
    return List.of(
        new SocketSetting(SocketOption.SO_RCVBUF, new byte[] {0, 0, 4, 0}),
        new SocketSetting(SocketOption.SO_REUSEADDR, new byte[] {1, 0, 0, 0}));
  }

  private static void inetSockets(List<OpenFile> files) {
    InetSocket.Endpoint none = InetSocket.Endpoint.none();
    InetSocket.Endpoint local = new InetSocket.Endpoint(new byte[] {127, 0, 0, 1}, 80, 0);
    files.add(
        new InetSocket(
            13, 2, false, InetSocket.Protocol.TCP, local, none, 128, List.of(), options()));
    files.add(
        new InetSocket(
            18,
            2,
            false,
            InetSocket.Protocol.UDP,
            local,
            none,
            -1,
            List.of(new InetSocket.Datagram(local, new byte[] {1, 2})),
            List.of()));
  }

  private static void unixSockets(List<OpenFile> files) {
    UnixSocket.NameFile unnamed = UnixSocket.NameFile.NONE;
    UnixSocket.End open = UnixSocket.End.NONE;
    UnixSocket.PeerCredentials maker = new UnixSocket.PeerCredentials(ROOT, 1000, 1000);
    UnixSocket.PeerCredentials nobody = new UnixSocket.PeerCredentials(0, 0, 0);
    files.add(
        new UnixSocket(
            14, 2, 1, "", unnamed, -1, 15, open, maker, 0, List.of(new byte[] {1}), options()));
    files.add(new UnixSocket(15, 2, 1, "", unnamed, -1, 14, open, maker, 0, List.of(), List.of()));
    files.add(
        new UnixSocket(
            16,
            2,
            2,
            "/run/s",
            new UnixSocket.NameFile(true, 0600, 0, 0),
            -1,
            0,
            open,
            nobody,
            0,
            List.of(new byte[] {1}),
            List.of()));
    files.add(
        new UnixSocket(
            17, 2, 1, "", unnamed, -1, 0, UnixSocket.End.RESET, maker, 0, List.of(), List.of()));
  }

  static ProcessImage process(int pid) {
    boolean root = pid == ROOT;
    List<ThreadImage> threads = new ArrayList<>(List.of(thread(pid)));
    if (root) {
      threads.add(thread(THREAD));
    }
    List<Descriptor> descriptors = new ArrayList<>();
    for (OpenFile file : openFiles()) {
      if (root || file.id() < 7) {
        descriptors.add(new Descriptor(file.id(), file.id(), file.id() % 2 == 0));
      }
    }
    IntervalTimer off = new IntervalTimer(0, 0);
    return new ProcessImage(
        pid,
        mm(root),
        threads,
        022,
        "/",
        "/",
        descriptors,
        List.of(new SignalAction(15, Addr.of(0x10000), ZERO, ZERO, ZERO)),
        List.of(new SignalInfo(10, new byte[128])),
        new IntervalTimer(1_000_000, 1_000_000),
        off,
        off,
        List.of(new ProcessImage.PosixTimer(0, 1, 14, ZERO, 4, pid, 1_000_000, 0, 0)),
        List.of(new ProcessImage.Limit(7, 1024, -1)),
        new ProcessImage.Attributes(1, false, 0, 0, 0x33, false, true));
  }

  private static ThreadImage thread(int tid) {
    List<Addr> registers = new ArrayList<>();
    for (int i = 0; i < 27; i++) {
      registers.add(Addr.of(i == ThreadImage.ORIG_RAX ? -1 : 0x10000 + i));
    }
    Addr all = Addr.of((1L << 41) - 1);
    Credentials credentials =
        new Credentials(0, 0, 0, 0, 0, 0, 0, 0, List.of(4, 5), ZERO, all, all, all, ZERO, 0);
    return new ThreadImage(
        tid,
        "thread",
        registers,
        new byte[520],
        ZERO,
        List.of(new SignalInfo(12, new byte[128])),
        new ThreadImage.AlternateStack(ZERO, 2, 0),
        ZERO,
        ZERO,
        new ThreadImage.Rseq(Addr.of(0x20000), 32, 0x53053053, 0),
        credentials,
        new ThreadImage.Scheduling(0, 0, 0),
        0,
        50_000,
        2,
        List.of(Addr.of(3)));
  }

  private static MmImage mm(boolean root) {
    List<Vma> vmas = new ArrayList<>();
    vmas.add(vma(0x10, 8, 5, new Backing.MappedFile(PROGRAM, 0, true, false)));
    vmas.add(vma(0x20, 0x100, 3, new Backing.Anonymous(false, false)));
    vmas.add(vma(0x200, 4, 3, new Backing.Anonymous(false, true)));
    vmas.add(vma(0x300, 4, 3, new Backing.Shared(1, 0, false)));
    vmas.add(vma(0x400, 2, 3, new Backing.Shared(2, 0, true)));
    vmas.add(vma(0x500, 2, 3, new Backing.Shared(3, 0, false)));
    vmas.add(vma(0x600, 2, 3, new Backing.SysV(4, 0)));
    FileIdentity kept = new FileIdentity("/tmp/kept", 100, 0, "", false);
    vmas.add(vma(0x700, 1, 3, new Backing.MappedFile(kept, 0, false, true)));
    vmas.add(vma(0x800, 1, 3, new Backing.CharDevice("/dev/zero", 0, true)));
    if (root) {
      vmas.add(vma(0x900, 4, 1, new Backing.Vdso("[vvar]")));
      vmas.add(vma(0x904, 2, 5, new Backing.Vdso("[vdso]")));
    }
    vmas.add(vma(0x1000, 0x200, 3, new Backing.Huge(0, 0, true, HUGE)));
    vmas.add(vma(0x1200, 0x400, 3, new Backing.Huge(5, 0, false, HUGE)));
    vmas.add(vma(0x1600, 0x200, 3, new Backing.Huge(5, HUGE, true, HUGE)));
    vmas.add(vma(0x7000, 0x20, 3, new Backing.Anonymous(true, false)));
    vmas.add(vma(0xffffffffff600L, 1, 4, new Backing.Vsyscall()));
    Addr a = Addr.of(0x10000);
    return new MmImage(
        vmas, new MmImage.Layout(a, a, a, a, a, a, a, a, a, a, a), new byte[32], PROGRAM);
  }

  private static Vma vma(long firstPage, long pageCount, int prot, Backing backing) {
    return new Vma(
        Addr.of(firstPage * PAGE),
        Addr.of((firstPage + pageCount) * PAGE),
        prot,
        firstPage == 0x20 ? List.of("dd") : List.of(),
        backing);
  }
}
