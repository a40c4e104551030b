package dev.thaw.restore;

import dev.thaw.image.Manifest.Machine;
import dev.thaw.linux.Clock;
import dev.thaw.proc.CpuInfo;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Refuses a machine on which the programs of a checkpoint would go wrong: without instructions that
 * they may have chosen when they started, or on which time would run backwards for them.
 *
 * <p>Of the CPU it compares what a program can see and use. Which of that it does use cannot be
 * known, so all of it is due, unless the caller knows better. {@link VectorState} has the registers
 * that go with it, {@link KernelPages} the vDSO.
 *
 * @param cpuFeatures as {@link CpuInfo#instructions} names them
 * @param monotonicNanos CLOCK_MONOTONIC
 */
record MachineCheck(List<String> cpuFeatures, long monotonicNanos) {

  /** What this CPU has; read once. */
  private static final AtomicReference<List<String>> INSTRUCTIONS = new AtomicReference<>();

  /** This machine, in the caller's time namespace. */
  static MachineCheck here() throws IOException {
    List<String> instructions = INSTRUCTIONS.get();
    if (instructions == null) {
      instructions = List.copyOf(CpuInfo.instructions(firstCpu()));
      INSTRUCTIONS.set(instructions);
    }
    return new MachineCheck(instructions, Clock.nanos(Clock.CLOCK_MONOTONIC));
  }

  private static String firstCpu() throws IOException {
    StringBuilder text = new StringBuilder();
    try (BufferedReader lines = Files.newBufferedReader(Path.of("/proc/cpuinfo"))) {
      for (String line = lines.readLine();
          line != null && !line.isEmpty();
          line = lines.readLine()) {
        text.append(line).append('\n');
      }
    }
    return text.toString();
  }

  /**
   * Compares.
   *
   * @param acceptOtherCpu the caller vouches that the programs do not use what is missing
   */
  void require(Machine dump, boolean acceptOtherCpu) throws RestoreException {
    if (!dump.architecture().equals("x86_64") || dump.pageSize() != 4096) {
      throw new RestoreRefusedException(
          "the checkpoint is of a machine with the architecture "
              + dump.architecture()
              + " and pages of "
              + dump.pageSize()
              + " bytes; this is x86_64 with 4096");
    }
    List<String> missing = new ArrayList<>(dump.cpuFeatures());
    missing.removeAll(cpuFeatures);
    if (!missing.isEmpty() && !acceptOtherCpu) {
      throw new RestoreRefusedException(
          "this CPU lacks what that of the dump has: "
              + String.join(" ", missing)
              + "; restore on a CPU that has it, or, if the programs do not use it, with"
              + " --accept-other-cpu");
    }
    long behind = dump.monotonicNanos() - monotonicNanos;
    if (behind > 0) {
      throw new RestoreRefusedException(
          "the monotonic clock is "
              + Duration.ofNanos(behind).toSeconds()
              + " s behind that of the dump, and would run backwards for its programs; restore in a"
              + " time namespace: unshare --fork --time --monotonic="
              + (Duration.ofNanos(behind).toSeconds() + 1)
              + " thaw restore ...");
    }
  }
}
