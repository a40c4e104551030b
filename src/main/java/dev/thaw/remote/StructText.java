package dev.thaw.remote;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Prints structures in the data area of a program. */
final class StructText {
  private static final int CLONE_ARGS_BYTES = 80;
  private static final int SIGCHLD = 17;

  private StructText() {}

  /** A structure of 64-bit words, e.g. {@code {rlim_cur=0x400, rlim_max=-1}}. */
  static String words(Program program, int offset, List<String> names) {
    ByteBuffer bytes = bytes(program, offset, names.size() * Long.BYTES);
    if (bytes == null) {
      return "data+" + offset;
    }
    List<String> fields = new ArrayList<>();
    for (String name : names) {
      fields.add(name + "=" + ArgFormat.NUMBER.number(bytes.getLong()));
    }
    return "{" + String.join(", ", fields) + "}";
  }

  /** What a restore uses of {@code struct clone_args} (linux/sched.h). */
  static String cloneArgs(Program program, int offset, ArgFormat flags) {
    ByteBuffer args = bytes(program, offset, CLONE_ARGS_BYTES);
    if (args == null) {
      return "data+" + offset;
    }
    long signal = args.getLong(32);
    String text =
        "{flags="
            + flags.number(args.getLong(0))
            + ", exit_signal="
            + (signal == SIGCHLD ? "SIGCHLD" : Long.toString(signal));
    for (Program.Pointer pointer : program.pointers()) {
      if (pointer.at() == offset + 64) {
        ByteBuffer pid = bytes(program, pointer.target(), Integer.BYTES);
        text += ", set_tid=[" + pid.getInt() + "], set_tid_size=" + args.getLong(72);
      }
    }
    return text + "}";
  }

  /** Null where the data area ends before. */
  private static ByteBuffer bytes(Program program, int offset, int length) {
    byte[] bytes = program.dataAt(offset, length);
    return bytes.length < length ? null : ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
