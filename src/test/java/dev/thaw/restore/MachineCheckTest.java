package dev.thaw.restore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.thaw.image.Addr;
import dev.thaw.image.Manifest.Machine;
import dev.thaw.image.MmImage;
import dev.thaw.image.ProcessImage;
import dev.thaw.image.ThreadImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which machines a checkpoint may be restored on. */
class MachineCheckTest {
  private static final long SECOND = 1_000_000_000L;

  private static Machine dump(long xcr0, int xsaveBytes, long monotonicNanos) {
    return new Machine(
        "6.18",
        "x86_64",
        4096,
        Addr.of(xcr0),
        xsaveBytes,
        List.of("avx", "sse"),
        "",
        monotonicNanos);
  }

  private static String refusal(MachineCheck here, boolean acceptOtherCpu) {
    return assertThrows(
            RestoreException.class, () -> here.require(dump(7, 832, 5 * SECOND), acceptOtherCpu))
        .getMessage();
  }

  @Test
  void aCpuWithMoreInstructionsAndALaterClockWillDo() throws Exception {
    new MachineCheck(List.of("avx", "avx2", "sse"), 6 * SECOND).require(dump(7, 832, 5), false);
  }

  @Test
  void aCpuThatLacksInstructionsIsRefusedByNameUnlessAccepted() throws Exception {
    MachineCheck here = new MachineCheck(List.of("sse"), 6 * SECOND);
    assertTrue(refusal(here, false).contains("lacks what that of the dump has: avx;"));
    here.require(dump(7, 832, 5 * SECOND), true);
  }

  @Test
  void aClockThatIsBehindIsRefusedWithTheOffsetThatHelps() {
    MachineCheck here = new MachineCheck(List.of("avx", "sse"), 3 * SECOND);
    assertTrue(refusal(here, true).contains("unshare --fork --time --monotonic=3 "));
  }

  private static ProcessImage with(byte[] xstate) {
    ProcessImage sample = SampleTree.process(SampleTree.ROOT);
    ThreadImage t = sample.threads().get(0);
    ThreadImage thread =
        new ThreadImage(
            t.tid(),
            t.name(),
            t.registers(),
            xstate,
            t.blocked(),
            t.pending(),
            t.alternateStack(),
            t.robustList(),
            t.clearChildTid(),
            t.rseq(),
            t.credentials(),
            t.scheduling(),
            0,
            0,
            2,
            t.affinity());
    MmImage mm = sample.mm();
    return new ProcessImage(
        sample.pid(),
        mm,
        List.of(thread),
        0,
        "/",
        "/",
        List.of(),
        List.of(),
        List.of(),
        sample.realTimer(),
        sample.virtualTimer(),
        sample.profTimer(),
        List.of(),
        List.of(),
        sample.attributes());
  }

  /** A note of {@code bytes} with x87, SSE and AVX in use. */
  private static byte[] note(int bytes) {
    ByteBuffer note = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    note.putInt(24, 0x1f80); // MXCSR
    note.putLong(160, 0x1234); // XMM0
    note.putLong(464, 7).putLong(512, 4);
    return note.array();
  }

  @Test
  void aThreadWithLegacyRegistersOnlyFitsEveryMachine() throws Exception {
    byte[] note = Arrays.copyOf(note(832), 520);
    VectorState here = new VectorState(0xe7, 2432);
    here.require(dump(7, 832, 0), List.of(with(note)));
    ByteBuffer fitted =
        ByteBuffer.wrap(here.fitted(with(note).threads().get(0))).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(2432, fitted.capacity());
    assertEquals(0x1f80, fitted.getInt(24));
    assertEquals(0x1234, fitted.getLong(160));
    assertEquals(2, fitted.getLong(512), "SSE, for MXCSR; nothing that this CPU may lack");
  }

  @Test
  void aThreadWithVectorRegistersNeedsTheSameLayout() throws Exception {
    byte[] note = note(832);
    note[600] = 1;
    ProcessImage process = with(note);
    new VectorState(7, 832).require(dump(7, 832, 0), List.of(process));
    assertArrayEquals(note, new VectorState(7, 832).fitted(process.threads().get(0)));
    RestoreException e =
        assertThrows(
            RestoreException.class,
            () -> new VectorState(0xe7, 2432).require(dump(7, 832, 0), List.of(process)));
    assertTrue(e.getMessage().startsWith("pid 100: thread 100: "), e.getMessage());
  }
}
