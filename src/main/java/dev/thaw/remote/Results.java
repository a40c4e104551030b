package dev.thaw.remote;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** What a program's calls returned and left in its data area. */
public final class Results {
  private final ByteBuffer ops;
  private final byte[] data;
  private final List<Tracee> born;

  Results(byte[] ops, byte[] data, List<Tracee> born) {
    this.ops = ByteBuffer.wrap(ops).order(ByteOrder.LITTLE_ENDIAN);
    this.data = data;
    this.born = List.copyOf(born);
  }

  /** What the call returned: the raw value, negative errno on failure. */
  public long result(Program.Result op) {
    return ops.getLong(op.op() * BlobLayout.OP_BYTES + BlobLayout.OP_RESULT);
  }

  /** A copy of the data area as the program left it. */
  public byte[] data(Program.Data at, int length) {
    return java.util.Arrays.copyOfRange(data, at.offset(), at.offset() + length);
  }

  public int int32(Program.Data at) {
    return ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).getInt(at.offset());
  }

  public long int64(Program.Data at) {
    return ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).getLong(at.offset());
  }

  /**
   * The tasks that the program's clone calls made, in order: traced, stopped before their first
   * step.
   */
  public List<Tracee> born() {
    return born;
  }
}
