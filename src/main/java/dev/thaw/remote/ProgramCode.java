package dev.thaw.remote;

import dev.thaw.linux.Errno;
import dev.thaw.remote.Program.Arg;
import dev.thaw.remote.Program.Op;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Programs as the blob reads them: {@code struct blob_op} of native/blob/layout.h. */
final class ProgramCode {
  private ProgramCode() {}

  /**
   * The operations, and right behind them the data area.
   *
   * @param address where they will be in the target: pointers within the data area depend on it
   */
  static byte[] encode(Program program, long address) {
    ByteBuffer out =
        ByteBuffer.allocate(dataOffset(program) + program.dataBytes())
            .order(ByteOrder.LITTLE_ENDIAN);
    for (Op op : program.ops()) {
      encode(op, out.slice(out.position(), BlobLayout.OP_BYTES).order(ByteOrder.LITTLE_ENDIAN));
      out.position(out.position() + BlobLayout.OP_BYTES);
    }
    out.put(program.data());
    int data = dataOffset(program);
    for (Program.Pointer pointer : program.pointers()) {
      out.putLong(data + pointer.at(), address + data + pointer.target());
    }
    return out.array();
  }

  static int dataOffset(Program program) {
    return program.ops().size() * BlobLayout.OP_BYTES;
  }

  private static void encode(Op op, ByteBuffer out) {
    out.putInt(0, (int) op.nr());
    encode(op.success(), out);
    List<Arg> args = op.args();
    for (int i = 0; i < args.size(); i++) {
      out.put(BlobLayout.OP_KIND + i, kind(args.get(i)));
      out.putLong(BlobLayout.OP_ARG + 8 * i, value(args.get(i)));
    }
  }

  private static void encode(Program.Success success, ByteBuffer out) {
    byte kind = 0;
    long expected = 0;
    if (success instanceof Program.Any) {
      kind = 1;
    } else if (success instanceof Program.Exactly) {
      kind = 2;
      expected = ((Program.Exactly) success).result();
    } else if (success instanceof Program.OrErrno) {
      kind = 3;
      int shift = 0;
      for (Errno errno : ((Program.OrErrno) success).errnos()) {
        expected |= (long) errno.code() << shift;
        shift += 16;
      }
    }
    out.put(BlobLayout.OP_SUCCESS, kind);
    out.putLong(BlobLayout.OP_EXPECTED, expected);
  }

  private static byte kind(Arg arg) {
    if (arg instanceof Program.Const) {
      return 0;
    }
    if (arg instanceof Program.Data) {
      return 1;
    }
    if (arg instanceof Program.Result) {
      return 2;
    }
    return (byte) (arg instanceof Program.Word32 ? 3 : 4);
  }

  private static long value(Arg arg) {
    if (arg instanceof Program.Const) {
      return ((Program.Const) arg).value();
    }
    if (arg instanceof Program.Data) {
      return ((Program.Data) arg).offset();
    }
    if (arg instanceof Program.Result) {
      return ((Program.Result) arg).op();
    }
    return arg instanceof Program.Word32
        ? ((Program.Word32) arg).offset()
        : ((Program.Word64) arg).offset();
  }
}
