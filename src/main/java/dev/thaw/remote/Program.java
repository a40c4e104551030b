package dev.thaw.remote;

import dev.thaw.linux.Errno;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A list of system calls that another process makes by itself, and the data they work on;
 * immutable. The calls are made in order; the first that does not succeed ends the program.
 *
 * <p>{@link #toString} prints it as strace would.
 */
public final class Program {
  private final String name;
  private final List<Op> ops;
  private final byte[] data;
  private final List<Pointer> pointers;

  private Program(String name, List<Op> ops, byte[] data, List<Pointer> pointers) {
    this.name = name;
    this.ops = List.copyOf(ops);
    this.data = data;
    this.pointers = List.copyOf(pointers);
  }

  public static Builder builder(String name) {
    return new Builder(name);
  }

  /** One program that makes the calls of several, in that order. */
  public static Program inOrder(List<Program> programs) {
    if (programs.size() == 1) {
      return programs.get(0);
    }
    Builder joined = builder(programs.isEmpty() ? "nothing" : programs.get(0).name);
    programs.forEach(joined::append);
    return joined.build();
  }

  public String name() {
    return name;
  }

  public List<Op> ops() {
    return ops;
  }

  /** The data area as it is before the first call. */
  public byte[] data() {
    return data.clone();
  }

  /** Words of the data area that hold addresses in it. */
  List<Pointer> pointers() {
    return pointers;
  }

  /** The 64-bit word at offset {@code at} is to hold the address of offset {@code target}. */
  record Pointer(int at, int target) {}

  int dataBytes() {
    return data.length;
  }

  /** What its calls and its data take in the area of a blob. */
  public long bytes() {
    return (long) ops.size() * BlobLayout.OP_BYTES + data.length;
  }

  /** The bytes of the data area from {@code offset} on, at most {@code limit}. */
  byte[] dataAt(int offset, int limit) {
    return Arrays.copyOfRange(data, offset, Math.min(data.length, offset + limit));
  }

  /** Whether a call of it makes a task. */
  boolean makesTasks() {
    return ops.stream()
        .anyMatch(
            op ->
                op.nr() == Syscalls.CLONE
                    || op.nr() == Syscalls.CLONE3
                    || op.nr() == Syscalls.FORK
                    || op.nr() == Syscalls.VFORK);
  }

  @Override
  public String toString() {
    return ProgramText.of(this);
  }

  /** How an argument of a call is had. */
  public sealed interface Arg permits Const, Data, Result, Word32, Word64 {}

  public record Const(long value) implements Arg {}

  /** The address of the data area, plus {@code offset}. */
  public record Data(int offset) implements Arg {
    /**
     * The signed 32-bit word that is here when the call is made, e.g. one of pipe2(2)'s numbers.
     */
    public Word32 word32(int at) {
      return new Word32(offset + at);
    }

    /** The 64-bit word that is here when the call is made. */
    public Word64 word64(int at) {
      return new Word64(offset + at);
    }

    /** The address {@code bytes} further. */
    public Data plus(int bytes) {
      return new Data(offset + bytes);
    }
  }

  /** What call number {@code op} of the program returned. */
  public record Result(int op) implements Arg {}

  public record Word32(int offset) implements Arg {}

  public record Word64(int offset) implements Arg {}

  /** What counts as success of a call. */
  public sealed interface Success permits NonNegative, Any, Exactly, OrErrno {
    static Success nonNegative() {
      return new NonNegative();
    }

    static Success any() {
      return new Any();
    }

    static Success exactly(long result) {
      return new Exactly(result);
    }

    /** No failure, or one of these (four at most). */
    static Success orErrno(Errno... errnos) {
      return new OrErrno(List.of(errnos));
    }
  }

  public record NonNegative() implements Success {}

  public record Any() implements Success {}

  public record Exactly(long result) implements Success {}

  public record OrErrno(List<Errno> errnos) implements Success {
    public OrErrno {
      errnos = List.copyOf(errnos);
      if (errnos.size() > 4 || errnos.contains(Errno.OTHER)) {
        throw new IllegalArgumentException("not up to four known errnos: " + errnos);
      }
    }
  }

  /**
   * One call.
   *
   * @param args at most six; the rest is 0
   * @param note for the reader of a plan or an error, e.g. {@code "fd 7: pipe"}; may be empty
   */
  public record Op(long nr, List<Arg> args, Success success, String note) {
    public Op {
      args = List.copyOf(args);
      if (args.size() > 6) {
        throw new IllegalArgumentException(args.size() + " arguments");
      }
    }
  }

  /** Collects calls and data; not thread safe. */
  public static final class Builder {
    private static final int ALIGNMENT = 8;

    private final String name;
    private final List<Op> ops = new ArrayList<>();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();
    private final List<Pointer> pointers = new ArrayList<>();
    private String note = "";

    private Builder(String name) {
      this.name = name;
    }

    /** Adds {@code bytes} to the data area, 8-aligned. */
    public Data data(byte[] bytes) {
      Data at = align();
      data.writeBytes(bytes);
      return at;
    }

    /** Adds {@code s} in UTF-8 with a zero behind it. */
    public Data cstring(String s) {
      Data at = data(s.getBytes(StandardCharsets.UTF_8));
      data.write(0);
      return at;
    }

    /** Adds zeros, for what calls return. */
    public Data zeroed(int bytes) {
      return data(new byte[bytes]);
    }

    /** Puts the address of {@code target} into the 64-bit word at {@code at}, for structures. */
    public Builder pointer(Data at, Data target) {
      if (at.offset() + Long.BYTES > data.size()) {
        throw new IllegalArgumentException("outside the data area: " + at);
      }
      pointers.add(new Pointer(at.offset(), target.offset()));
      return this;
    }

    /** A comment on the next call. */
    public Builder note(String text) {
      note = text;
      return this;
    }

    /**
     * Adds a call that must not fail.
     *
     * @param args Integer, Long or {@link Arg}
     */
    public Result call(long nr, Object... args) {
      return callOk(Success.nonNegative(), nr, args);
    }

    /** Adds a call that succeeds as {@code success} says. */
    public Result callOk(Success success, long nr, Object... args) {
      List<Arg> converted = new ArrayList<>();
      for (Object arg : args) {
        converted.add(checked(argument(arg)));
      }
      ops.add(new Op(nr, converted, success, note));
      note = "";
      return new Result(ops.size() - 1);
    }

    private void append(Program other) {
      int dataOffset = data(other.data).offset();
      int firstOp = ops.size();
      for (Op op : other.ops) {
        List<Arg> args = op.args().stream().map(arg -> moved(arg, dataOffset, firstOp)).toList();
        ops.add(new Op(op.nr(), args, op.success(), op.note()));
      }
      for (Pointer pointer : other.pointers) {
        pointers.add(new Pointer(pointer.at() + dataOffset, pointer.target() + dataOffset));
      }
    }

    private static Arg moved(Arg arg, int dataOffset, int firstOp) {
      if (arg instanceof Data at) {
        return new Data(at.offset() + dataOffset);
      }
      if (arg instanceof Result result) {
        return new Result(result.op() + firstOp);
      }
      if (arg instanceof Word32 word) {
        return new Word32(word.offset() + dataOffset);
      }
      return arg instanceof Word64 word ? new Word64(word.offset() + dataOffset) : arg;
    }

    /** What the calls and the data so far take in the area of a blob. */
    public long bytes() {
      return (long) ops.size() * BlobLayout.OP_BYTES + data.size();
    }

    /** How many calls there are so far. */
    public int size() {
      return ops.size();
    }

    public Program build() {
      return new Program(name, ops, data.toByteArray(), pointers);
    }

    private Data align() {
      while (data.size() % ALIGNMENT != 0) {
        data.write(0);
      }
      return new Data(data.size());
    }

    private static Arg argument(Object arg) {
      if (arg instanceof Arg) {
        return (Arg) arg;
      }
      if (arg instanceof Long || arg instanceof Integer) {
        return new Const(((Number) arg).longValue());
      }
      throw new IllegalArgumentException("not an argument of a system call: " + arg);
    }

    private Arg checked(Arg arg) {
      if (arg instanceof Result && ((Result) arg).op() >= ops.size()) {
        throw new IllegalArgumentException("result of a later call: " + arg);
      }
      int end =
          arg instanceof Word32
              ? ((Word32) arg).offset() + 4
              : arg instanceof Word64 ? ((Word64) arg).offset() + 8 : 0;
      if (end > data.size()) {
        throw new IllegalArgumentException("outside the data area: " + arg);
      }
      return arg;
    }
  }
}
