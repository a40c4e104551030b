package dev.thaw.remote;

import dev.thaw.remote.Program.Arg;
import dev.thaw.remote.Program.Op;
import java.util.ArrayList;
import java.util.List;

/** Prints programs and single calls as strace would. */
final class ProgramText {
  /** linux/threads.h. */
  private static final int PID_MAX_LIMIT = 4 * 1024 * 1024;

  private ProgramText() {}

  static String of(Program program) {
    StringBuilder text = new StringBuilder("# ").append(program.name()).append('\n');
    for (int i = 0; i < program.ops().size(); i++) {
      Op op = program.ops().get(i);
      text.append(String.format("%4d  %s%s%n", i, call(program, op), tail(op)));
    }
    return text.toString();
  }

  /** {@code openat(AT_FDCWD, "/x", O_RDONLY)}. */
  static String call(Program program, Op op) {
    List<String> args = new ArrayList<>();
    List<ArgFormat> formats = CallFormats.of(op);
    for (int i = 0; i < op.args().size(); i++) {
      ArgFormat format = i < formats.size() ? formats.get(i) : ArgFormat.NUMBER;
      args.add(argument(program, op.args().get(i), format));
    }
    return Syscalls.name(op.nr()) + "(" + String.join(", ", args) + ")";
  }

  private static String argument(Program program, Arg arg, ArgFormat format) {
    if (arg instanceof Program.Const) {
      return format.number(((Program.Const) arg).value());
    }
    if (arg instanceof Program.Data) {
      return format.data(program, ((Program.Data) arg).offset());
    }
    if (arg instanceof Program.Result) {
      return "$" + ((Program.Result) arg).op();
    }
    if (arg instanceof Program.Word32) {
      return "*(int*)data+" + ((Program.Word32) arg).offset();
    }
    return "*(long*)data+" + ((Program.Word64) arg).offset();
  }

  /** Addresses in hex; pids, descriptors and counts not. */
  private static String result(long value) {
    return value > PID_MAX_LIMIT ? "0x" + Long.toHexString(value) : Long.toString(value);
  }

  private static String tail(Op op) {
    String expected = "";
    if (op.success() instanceof Program.Exactly) {
      expected = " = " + result(((Program.Exactly) op.success()).result());
    } else if (op.success() instanceof Program.OrErrno) {
      expected = " or " + ((Program.OrErrno) op.success()).errnos();
    } else if (op.success() instanceof Program.Any) {
      expected = " = ?";
    }
    return expected + (op.note().isEmpty() ? "" : "    # " + op.note());
  }
}
