package dev.thaw.dump;

import dev.thaw.dump.fd.DescriptorsDump;
import dev.thaw.image.Addr;
import dev.thaw.image.MmImage;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.ProcessImage.Attributes;
import dev.thaw.image.ProcessImage.Descriptor;
import dev.thaw.image.ProcessImage.Limit;
import dev.thaw.image.SignalInfo;
import dev.thaw.image.ThreadImage;
import dev.thaw.proc.ProcLimits;
import dev.thaw.proc.ProcStatus;
import dev.thaw.proc.ProcTimers;
import dev.thaw.remote.RemoteProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/**
 * Describes one frozen process in two steps: {@link #look} from outside, which refuses what cannot
 * be carried over before anything is changed, and {@link #ask} by programs that the process runs
 * itself.
 */
final class ProcessDump {
  private static final int SECCOMP_OFF = 0;

  private final ProcDir proc;
  private final List<FrozenTree.Thread> frozen;
  private final DumpContext context;
  private final List<ThreadDump> threads = new ArrayList<>();
  private final List<ThreadImage> threadImages = new ArrayList<>();
  private ProcStatus status;
  private MmImage mm;
  private boolean served;
  private List<Descriptor> descriptors;
  private List<SignalInfo> pending;
  private ExpiredTimers expired;
  private ProcessQuery.Answers answers;

  ProcessDump(FrozenTree.Member member, DumpContext context) {
    this.proc = new ProcDir(member.pid());
    this.frozen = member.threads();
    this.context = context;
  }

  /** The process. */
  int pid() {
    return proc.pid();
  }

  /** What /proc and ptrace tell. Changes nothing. */
  void look(DescriptorsDump table) throws IOException {
    status = proc.status();
    refuseUnsupported();
    if (frozen.get(0).tid() != pid()) {
      throw new UnsupportedResourceException(
          pid(), "thread " + pid(), "its main thread has ended; that is not supported yet");
    }
    for (FrozenTree.Thread thread : frozen) {
      threads.add(new ThreadDump(proc, thread));
    }
    pending = ThreadDump.signals(frozen.get(0).tracee().pendingSignals(true));
    descriptors = table.table(proc);
    MmDump memory = new MmDump(proc, context);
    mm = memory.describe(Addr.of(0));
    served = memory.isServed();
  }

  private void refuseUnsupported() throws IOException {
    if (status.number("Seccomp") != SECCOMP_OFF) {
      throw new UnsupportedResourceException(
          pid(), "seccomp filter", "seccomp is not supported yet; run the program without it");
    }
  }

  /** What the process itself must tell. */
  void ask(RemoteProcess remote) throws IOException {
    ProcessQuery query = new ProcessQuery(ProcTimers.parse(proc.text("timers")));
    answers = query.answers(remote.run(query.program()));
    expired =
        ExpiredTimers.of(
            pending,
            proc.status().mask("ShdPnd"),
            answers.intervalTimers().get(0),
            answers.timers());
    MmImage.Layout l = mm.layout();
    mm =
        new MmImage(
            mm.vmas(),
            new MmImage.Layout(
                l.startCode(),
                l.endCode(),
                l.startData(),
                l.endData(),
                l.startBrk(),
                answers.brk(),
                l.startStack(),
                l.argStart(),
                l.argEnd(),
                l.envStart(),
                l.envEnd()),
            mm.auxv(),
            mm.exe());
    askThread(threads.get(0), remote);
  }

  /** What one thread must tell; the leader's answers come first. */
  void askThread(ThreadDump thread, RemoteProcess remote) throws IOException {
    ThreadQuery query = new ThreadQuery();
    threadImages.add(thread.image(query.answers(remote.run(query.program()))));
  }

  /** The threads, the leader first. */
  List<ThreadDump> threads() {
    return threads;
  }

  /** The address space. */
  MmImage mm() {
    return mm;
  }

  /** Whether pages that it lacks may come from a pager; after {@link #look}. */
  boolean isServed() {
    return served;
  }

  /** The NT_X86_XSTATE note of the leader. */
  byte[] leaderXstate() {
    return threads.get(0).xstate();
  }

  /** The record. */
  ProcessImage image() throws IOException {
    List<Limit> limits = new ArrayList<>();
    for (ProcLimits.Limit limit : ProcLimits.parse(proc.text("limits"))) {
      limits.add(new Limit(limit.resource(), limit.soft(), limit.hard()));
    }
    return new ProcessImage(
        pid(),
        mm,
        threadImages,
        status.octal("Umask"),
        directory("cwd"),
        directory("root"),
        descriptors,
        answers.actions(),
        expired.pending(),
        expired.realTimer(),
        answers.intervalTimers().get(1),
        answers.intervalTimers().get(2),
        answers.timers(),
        limits,
        new Attributes(
            answers.dumpable(),
            answers.childSubreaper(),
            answers.personality(),
            Integer.parseInt(proc.text("oom_score_adj").strip()),
            Integer.parseInt(proc.text("coredump_filter").strip(), 16),
            answers.thpDisabled(),
            status.number("NoNewPrivs") != 0));
  }

  private String directory(String name) throws IOException {
    String path = proc.link(name);
    if (!path.startsWith("/")
        || path.endsWith(" (deleted)") && !Files.isDirectory(proc.path(name))) {
      throw new UnsupportedResourceException(
          pid(), name + " " + path, "the directory was removed; change to another one first");
    }
    return path;
  }
}
