package dev.thaw.dump;

import dev.thaw.image.Addr;
import dev.thaw.image.SignalInfo;
import dev.thaw.image.ThreadImage;
import dev.thaw.linux.Ptrace;
import dev.thaw.linux.RobustList;
import dev.thaw.proc.ProcStat;
import dev.thaw.proc.ProcStatus;
import dev.thaw.remote.Registers;
import dev.thaw.remote.Tracee;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Describes one stopped thread. What ptrace tells is taken before a program is injected, since the
 * registers change then.
 */
final class ThreadDump {
  private static final int NOT_REAL_TIME = 0;

  private final ProcDir proc;
  private final Tracee tracee;
  private final Registers registers;
  private final byte[] xstate;
  private final long blocked;
  private final List<SignalInfo> pending;
  private final Optional<Ptrace.RseqConfiguration> rseq;

  /** Looks at the thread as it stands. */
  ThreadDump(ProcDir proc, FrozenTree.Thread thread) throws IOException {
    this.proc = proc;
    this.tracee = thread.tracee();
    registers = thread.registers();
    if (!registers.is64Bit()) {
      throw new UnsupportedResourceException(
          proc.pid(), "thread " + tracee.tid(), "32-bit programs are not supported");
    }
    xstate = tracee.xstate();
    blocked = thread.signalMask();
    pending = signals(tracee.pendingSignals(false));
    rseq = tracee.rseq();
  }

  /** The stopped thread. */
  Tracee tracee() {
    return tracee;
  }

  /** The whole NT_X86_XSTATE note. */
  byte[] xstate() {
    return xstate;
  }

  /** Queued siginfo_t records as the image holds them. */
  static List<SignalInfo> signals(List<byte[]> infos) {
    List<SignalInfo> signals = new ArrayList<>();
    for (byte[] info : infos) {
      int signal = ByteBuffer.wrap(info).order(ByteOrder.LITTLE_ENDIAN).getInt(0);
      signals.add(new SignalInfo(signal, info));
    }
    return signals;
  }

  /** The whole description, with what the thread itself answered. */
  ThreadImage image(ThreadQuery.Answers answers) throws IOException {
    ProcStat stat = ProcStat.parse(proc.threadText(tracee.tid(), "stat"));
    ProcStatus status = ProcStatus.parse(proc.threadText(tracee.tid(), "status"));
    return new ThreadImage(
        tracee.tid(),
        stat.name(),
        Arrays.stream(registers.toArray()).mapToObj(Addr::of).toList(),
        withoutTrailingZeros(xstate),
        Addr.of(blocked),
        pending,
        answers.alternateStack(),
        Addr.of(RobustList.headOf(tracee.tid())),
        answers.clearChildTid(),
        rseq.map(r -> new ThreadImage.Rseq(Addr.of(r.address()), r.sizeBytes(), r.signature(), 0))
            .orElse(new ThreadImage.Rseq(Addr.of(0), 0, 0, 0)),
        CredentialsDump.of(status, answers.securebits()),
        scheduling(stat),
        answers.parentDeathSignal(),
        answers.timerSlackNanos(),
        answers.machineCheckPolicy(),
        affinity(status.text("Cpus_allowed")));
  }

  private static ThreadImage.Scheduling scheduling(ProcStat stat) {
    int policy = (int) stat.field(41);
    int priority = (int) stat.field(40);
    return new ThreadImage.Scheduling(policy, policy == NOT_REAL_TIME ? 0 : priority, stat.nice());
  }

  /** {@code "ffffffff,00000003"}: 32-bit groups, the highest CPUs first. */
  static List<Addr> affinity(String text) {
    String[] groups = text.split(",");
    long[] words = new long[(groups.length + 1) / 2];
    for (int i = 0; i < groups.length; i++) {
      long bits = Long.parseLong(groups[groups.length - 1 - i], 16);
      words[i / 2] |= bits << (i % 2 * 32);
    }
    return Arrays.stream(words).mapToObj(Addr::of).toList();
  }

  private static byte[] withoutTrailingZeros(byte[] bytes) {
    int length = bytes.length;
    while (length > 0 && bytes[length - 1] == 0) {
      length--;
    }
    return Arrays.copyOf(bytes, length);
  }
}
