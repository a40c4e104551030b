package dev.thaw.dump;

import dev.thaw.image.Addr;
import dev.thaw.image.Manifest.Machine;
import dev.thaw.image.Vma;
import dev.thaw.linux.Clock;
import dev.thaw.linux.ProcessVm;
import dev.thaw.proc.CpuInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** Describes the machine of the dump. */
final class MachineDump {
  /** Offset of xcr0 in the NT_X86_XSTATE note: the software bytes of the FXSAVE area. */
  private static final int XCR0_OFFSET = 464;

  private MachineDump() {}

  /**
   * Describes it.
   *
   * @param xstate the NT_X86_XSTATE note of any thread
   */
  static Machine describe(int pid, List<Vma> vmas, byte[] xstate) throws IOException {
    long xcr0 =
        xstate.length < XCR0_OFFSET + 8
            ? 0
            : ByteBuffer.wrap(xstate).order(ByteOrder.LITTLE_ENDIAN).getLong(XCR0_OFFSET);
    return new Machine(
        Files.readString(Path.of("/proc/sys/kernel/osrelease")).strip(),
        "x86_64",
        4096,
        Addr.of(xcr0),
        xstate.length,
        CpuInfo.instructions(Files.readString(Path.of("/proc/cpuinfo"))),
        vdsoDigest(pid, vmas),
        Clock.nanos(Clock.CLOCK_MONOTONIC));
  }

  /** SHA-256 of the vDSO's code; empty if the process has none. */
  static String vdsoDigest(int pid, List<Vma> vmas) throws IOException {
    for (Vma vma : vmas) {
      if (vma.backing() instanceof Vma.Backing.Vdso vdso && vdso.name().equals("[vdso]")) {
        return sha256(ProcessVm.read(pid, vma.start().value(), (int) vma.bytes()));
      }
    }
    return "";
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
