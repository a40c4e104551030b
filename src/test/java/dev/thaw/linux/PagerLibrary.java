package dev.thaw.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;

/** What libthaw.so exports of thaw-pager's code, for comparison with Java. */
public final class PagerLibrary {
  static {
    Native.register(PagerLibrary.class, ThawLibrary.load());
  }

  private PagerLibrary() {}

  /** The decision of decide.c; {@code enum thaw_decision}. */
  public static int decide(int faultFlags, byte page, byte space, int kind) {
    return thaw_decide(faultFlags, page, space, kind);
  }

  /** An offset, a size or a constant by its name in C; -1 where there is none. */
  public static long layout(String name) {
    return thaw_layout(name);
  }

  /** The bucket of a latency, as latency.c puts it. */
  public static int latencyBucket(long nanos) {
    return thaw_latency_bucket(nanos);
  }

  /** Applies an UNMAP event to a table. */
  public static int unmap(Pointer space, long start, long end, int applied, Pointer lostMaps) {
    return thaw_space_unmap(space, start, end, applied, lostMaps);
  }

  /** Applies a REMAP event to a table. */
  public static int remap(Pointer space, long from, long to, long lengthBytes, int applied) {
    return thaw_space_remap(space, from, to, lengthBytes, applied);
  }

  private static native int thaw_decide(int faultFlags, byte page, byte space, int kind);

  private static native long thaw_layout(String name);

  private static native int thaw_latency_bucket(long nanos);

  private static native int thaw_space_unmap(
      Pointer space, long start, long end, int applied, Pointer lostMaps);

  private static native int thaw_space_remap(
      Pointer space, long from, long to, long lengthBytes, int applied);
}
