package dev.thaw.real;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Bytes computed from a seed: random ones, or repeating ones, or words; so some pages compress well
 * and some not at all.
 */
final class SeededBytes {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final String WORDS = "checkpoint restore page fault memory thread socket signal ";

  private long state;

  SeededBytes(long seed) {
    state = mix(seed);
  }

  /** A number in {@code [0, bound)}. */
  int below(int bound) {
    return (int) Long.remainderUnsigned(next(), bound);
  }

  /** The next value: random in a half of the cases, else repeated, else words. */
  byte[] bytes(int size) {
    byte[] result = new byte[size];
    switch (below(4)) {
      case 0 -> repeat(result);
      case 1 -> words(result);
      default -> random(result);
    }
    return result;
  }

  private void random(byte[] result) {
    int i = 0;
    for (; i + 8 <= result.length; i += 8) {
      LONG.set(result, i, next());
    }
    for (long rest = next(); i < result.length; i++, rest >>>= 8) {
      result[i] = (byte) rest;
    }
  }

  private void repeat(byte[] result) {
    long pattern = next();
    for (int i = 0; i < result.length; i++) {
      result[i] = (byte) (pattern >>> 8 * (i & 7));
    }
  }

  private void words(byte[] result) {
    int start = below(WORDS.length());
    for (int i = 0; i < result.length; i++) {
      int c = WORDS.charAt((start + i) % WORDS.length());
      result[i] = (byte) (i % 61 == 0 ? '0' + below(10) : c);
    }
  }

  private long next() {
    state += 0x9E3779B97F4A7C15L;
    return mix(state);
  }

  private static long mix(long value) {
    long z = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }
}
