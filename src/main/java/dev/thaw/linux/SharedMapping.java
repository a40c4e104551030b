package dev.thaw.linux;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;

/**
 * A shared mapping of a memfd, for tables that several processes read and write. Never of memory
 * that is registered with userfaultfd: a Java thread that faults there stops the JVM.
 *
 * <p>Offsets are bytes; ints and longs are naturally aligned, in native byte order. Thread safe as
 * memory is. The mapping ends with the process.
 */
public final class SharedMapping {
  private static final VarHandle INT =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private final ByteBuffer bytes;

  /**
   * Maps the first {@code lengthBytes} of {@code fd} for reading and writing. The descriptor may be
   * closed afterwards.
   */
  public SharedMapping(Fd fd, long lengthBytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile("/proc/self/fd/" + fd.number(), "rw");
        FileChannel channel = file.getChannel()) {
      bytes = channel.map(FileChannel.MapMode.READ_WRITE, 0, lengthBytes);
      bytes.order(ByteOrder.nativeOrder());
    }
  }

  /** Reads with acquire semantics. */
  public int getInt(int offset) {
    return (int) INT.getAcquire(bytes, offset);
  }

  /** Writes with release semantics. */
  public void setInt(int offset, int value) {
    INT.setRelease(bytes, offset, value);
  }

  /** Adds, and returns the old value. */
  public int addInt(int offset, int delta) {
    return (int) INT.getAndAdd(bytes, offset, delta);
  }

  /** Writes {@code value} if {@code expected} is there; whether it was. */
  public boolean compareAndSetInt(int offset, int expected, int value) {
    return INT.compareAndSet(bytes, offset, expected, value);
  }

  /** Reads with acquire semantics. */
  public long getLong(int offset) {
    return (long) LONG.getAcquire(bytes, offset);
  }

  /** Writes with release semantics. */
  public void setLong(int offset, long value) {
    LONG.setRelease(bytes, offset, value);
  }

  /** Adds atomically. */
  public void addLong(int offset, long delta) {
    LONG.getAndAdd(bytes, offset, delta);
  }

  /** Reads one byte. */
  public byte getByte(int offset) {
    return bytes.get(offset);
  }

  /** Sets bits in {@code count} bytes. Not atomic: one writer a byte. */
  public void orBytes(int offset, int count, int bits) {
    VarHandle.releaseFence();
    for (int i = offset; i < offset + count; i++) {
      bytes.put(i, (byte) (bytes.get(i) | bits));
    }
  }

  /** Copies out. */
  public void read(int offset, byte[] into) {
    VarHandle.acquireFence();
    bytes.get(offset, into);
  }

  /** Copies in. */
  public void write(int offset, byte[] from) {
    bytes.put(offset, from);
  }
}
