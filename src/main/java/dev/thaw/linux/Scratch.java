package dev.thaw.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;

/**
 * Native memory for the arguments of one system call. It comes from a stack that each thread has:
 * unlike {@link com.sun.jna.Memory} it costs no malloc(3) and nothing that a collector must look
 * after, so that a restore's hundreds of calls do not. To be closed by its thread, the last one
 * first: with try.
 */
final class Scratch extends Pointer implements AutoCloseable {
  private static final long STACK_BYTES = 64 << 10;
  private static final long ALIGNMENT = 16;
  private static final ThreadLocal<Stack> STACKS = ThreadLocal.withInitial(Stack::new);

  private final Stack stack;
  private final long bytes;

  /** Lives as long as its thread; the collector frees it then. */
  private static final class Stack {
    final com.sun.jna.Memory memory = new com.sun.jna.Memory(STACK_BYTES);
    long used;

    long address() {
      return Pointer.nativeValue(memory) + used;
    }
  }

  private Scratch(Stack stack, long address, long bytes) {
    super(address);
    this.stack = stack;
    this.bytes = bytes;
  }

  /** Memory with undefined content. */
  static Scratch of(long bytes) {
    long rounded = (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    Stack stack = STACKS.get();
    if (stack.used + rounded > STACK_BYTES) {
      return new Scratch(null, Native.malloc(bytes), bytes);
    }
    Scratch scratch = new Scratch(stack, stack.address(), bytes);
    stack.used += rounded;
    return scratch;
  }

  /** Its size. */
  long size() {
    return bytes;
  }

  /** Fills it with zeros. */
  void clear() {
    setMemory(0, bytes, (byte) 0);
  }

  @Override
  public void close() {
    if (stack == null) {
      Native.free(peer);
    } else {
      stack.used = peer - Pointer.nativeValue(stack.memory);
    }
  }
}
