package dev.thaw.check;

import static dev.thaw.check.Feature.Need.HELPS;
import static dev.thaw.check.Feature.Need.REQUIRED;

import dev.thaw.linux.KernelProbe;
import dev.thaw.linux.SyscallException;
import dev.thaw.linux.UserfaultProbe;
import dev.thaw.linux.UserfaultProbe.Source;
import java.util.List;
import java.util.Optional;

/** What the pager needs: memfds, userfaultfd and its features. */
final class PagerFeatures {
  private static final String RIGHTS =
      "run as root, or with CAP_SYS_PTRACE and vm.unprivileged_userfaultfd=1,"
          + " or allow access to /dev/userfaultfd";

  /** A {@code UFFD_FEATURE_*} bit that the pager asks for. */
  private record Bit(String name, int number, Feature.Need need, String since) {
    long mask() {
      return 1L << number;
    }
  }

  private static final List<Bit> BITS =
      List.of(
          new Bit("EVENT_FORK", 1, REQUIRED, "4.11"),
          new Bit("EVENT_REMAP", 2, REQUIRED, "4.11"),
          new Bit("EVENT_REMOVE", 3, REQUIRED, "4.11"),
          new Bit("EVENT_UNMAP", 6, REQUIRED, "4.11"),
          new Bit("MISSING_SHMEM", 5, REQUIRED, "4.11"),
          new Bit("MINOR_SHMEM", 10, REQUIRED, "5.14"),
          new Bit("THREAD_ID", 8, REQUIRED, "4.14"),
          new Bit("POISON", 14, REQUIRED, "6.6"),
          new Bit("PAGEFAULT_FLAG_WP", 0, HELPS, "5.7"),
          new Bit("WP_HUGETLBFS_SHMEM", 12, HELPS, "5.19"),
          new Bit("WP_ASYNC", 15, HELPS, "6.7"),
          new Bit("MOVE", 16, HELPS, "6.8"));

  private PagerFeatures() {}

  static List<Feature> probe() {
    Probe probe = new Probe("lazy memory");
    probe.attempt("memfd_create", REQUIRED, KernelProbe.memfd(), "needs Linux 3.17 or later");
    int syscall = UserfaultProbe.open(Source.SYSCALL);
    int device = syscall == 0 ? 0 : UserfaultProbe.open(Source.DEVICE);
    String detail =
        syscall == 0
            ? "by system call, faults in kernel mode included"
            : device == 0
                ? "from /dev/userfaultfd"
                : "system call: "
                    + SyscallException.describe(syscall)
                    + ", /dev/userfaultfd: "
                    + SyscallException.describe(device);
    boolean works = syscall == 0 || device == 0;
    probe.add("userfaultfd", REQUIRED, works, detail, RIGHTS);
    Optional<Long> features = UserfaultProbe.features();
    for (Bit bit : BITS) {
      boolean has = features.isPresent() && (features.get() & bit.mask()) != 0;
      probe.add(
          "userfaultfd " + bit.name(),
          bit.need(),
          has,
          has ? "" : features.isPresent() ? "not in this kernel" : "no userfaultfd to ask",
          features.isPresent() ? "needs Linux " + bit.since() + " or later" : "see userfaultfd");
    }
    if (works) {
      probeInstall(probe, syscall == 0 ? Source.SYSCALL : Source.DEVICE);
    }
    return probe.features();
  }

  /** The features as the pager asks for them, all in one: EVENT_FORK needs a right of its own. */
  private static void probeInstall(Probe probe, Source source) {
    long wanted = BITS.stream().filter(b -> b.need() == REQUIRED).mapToLong(Bit::mask).sum();
    probe.attempt(
        "userfaultfd with these together",
        REQUIRED,
        UserfaultProbe.enable(source, wanted),
        "EVENT_FORK needs CAP_SYS_PTRACE: run as root");
    probe.attempt(
        "UFFDIO_CONTINUE on a memfd",
        REQUIRED,
        UserfaultProbe.installFromMemfd(source, wanted),
        "needs Linux 5.14 or later with CONFIG_HAVE_ARCH_USERFAULTFD_MINOR");
  }
}
