package dev.thaw.check;

import static dev.thaw.check.Feature.Need.HELPS;
import static dev.thaw.check.Feature.Need.REQUIRED;

import dev.thaw.linux.Errno;
import dev.thaw.linux.KernelProbe;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;

/** What looking into, driving and making processes needs: tried on a child that only sleeps. */
final class ProcessFeatures {
  private static final String PTRACE =
      "run as root or with CAP_SYS_PTRACE; kernel.yama.ptrace_scope may be at most 2";
  private static final String OLD_KERNEL = "needs Linux 6.6 or later";

  private ProcessFeatures() {}

  static List<Feature> probe() {
    Probe probe = new Probe("processes");
    int self = (int) ProcessHandle.current().pid();
    probe.attempt(
        "clone3 with set_tid",
        REQUIRED,
        KernelProbe.cloneWithPid(self),
        "run as root or with CAP_CHECKPOINT_RESTORE (Linux 5.9)");
    try (Sleeper child = new Sleeper()) {
      probeChild(probe, self, child.pid());
    } catch (IOException e) {
      probe.add("a child to try things on", REQUIRED, false, e.getMessage(), "install coreutils");
    }
    probe.attempt(
        "PR_SET_MM_MAP",
        REQUIRED,
        KernelProbe.setMmMap(),
        "build the kernel with CONFIG_CHECKPOINT_RESTORE");
    probe.attempt(
        "PR_TIMER_CREATE_RESTORE_IDS",
        HELPS,
        KernelProbe.timerIds(),
        "before Linux 6.15 programs with POSIX timers restore more slowly");
    probe.attempt(
        "TCP_REPAIR",
        HELPS,
        KernelProbe.tcpRepair(),
        "needs CAP_NET_ADMIN; without it dump refuses or closes (--tcp-close) connections");
    return probe.features();
  }

  private static void probeChild(Probe probe, int self, int child) {
    probe.attempt("ptrace seize", REQUIRED, seizeOnOwnThread(child), PTRACE);
    probe.attempt("pidfd_getfd", REQUIRED, KernelProbe.takeDescriptor(child, 0), PTRACE);
    probe.attempt("kcmp", REQUIRED, KernelProbe.compareDescriptors(self, child), PTRACE);
    probe.attempt("get_robust_list", REQUIRED, KernelProbe.robustList(child), PTRACE);
    probe.attempt("process_vm_readv", REQUIRED, readFirstPage(child), PTRACE);
    probe.attempt(
        "PAGEMAP_SCAN",
        HELPS,
        KernelProbe.pagemapScan(child),
        "before Linux 6.7 a dump reads /proc/PID/pagemap instead, three times slower");
    for (String entry : List.of("maps", "smaps", "pagemap", "fdinfo", "auxv")) {
      Path path = Path.of("/proc/" + child + "/" + entry);
      probe.add(
          "/proc/PID/" + entry,
          REQUIRED,
          Files.isReadable(path),
          "",
          "mount /proc without hidepid");
    }
    probe.add(
        "/proc/PID/map_files",
        REQUIRED,
        mapFilesCanBeFollowed(child),
        "",
        "run as root or with CAP_CHECKPOINT_RESTORE");
    Path children = Path.of("/proc/" + child + "/task/" + child + "/children");
    probe.add("/proc/PID/task/TID/children", REQUIRED, Files.exists(children), "", OLD_KERNEL);
  }

  /** The links of map_files show to everybody whom ptrace allows; following one needs more. */
  private static boolean mapFilesCanBeFollowed(int pid) {
    try (DirectoryStream<Path> links =
        Files.newDirectoryStream(Path.of("/proc/" + pid + "/map_files"))) {
      Iterator<Path> link = links.iterator();
      return link.hasNext() && Files.isReadable(link.next());
    } catch (IOException e) {
      return false;
    }
  }

  /** The kernel undoes a seize when the thread ends, and a stop is never asked for. */
  private static int seizeOnOwnThread(int pid) {
    int[] errno = new int[1];
    Thread tracer = new Thread(() -> errno[0] = KernelProbe.seize(pid), "check-tracer");
    tracer.start();
    try {
      tracer.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return errno[0];
  }

  private static int readFirstPage(int pid) {
    try {
      String firstLine = Files.readAllLines(Path.of("/proc/" + pid + "/maps")).get(0);
      String start = firstLine.substring(0, firstLine.indexOf('-'));
      return KernelProbe.readMemory(pid, Long.parseUnsignedLong(start, 16));
    } catch (IOException e) {
      return Errno.EACCES.code();
    }
  }

  /** A child that sleeps until it is closed. */
  private static final class Sleeper implements AutoCloseable {
    private final Process process;

    Sleeper() throws IOException {
      process = new ProcessBuilder("sleep", "60").start();
    }

    int pid() {
      return (int) process.pid();
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
