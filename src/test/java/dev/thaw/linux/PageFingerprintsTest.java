package dev.thaw.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PageFingerprintsTest {
  private static final int PAGE = 4096;
  private static final BigInteger TWO_64 = BigInteger.ONE.shiftLeft(64);
  private static final BigInteger TWO_128 = BigInteger.ONE.shiftLeft(128);

  private static ByteBuffer direct(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  private static ByteBuffer random(int pageCount, long seed) {
    byte[] bytes = new byte[pageCount * PAGE];
    new Random(seed).nextBytes(bytes);
    return direct(bytes.length).put(0, bytes);
  }

  /** The word at {@code index} without its sign. */
  private static BigInteger word(ByteBuffer words, int index) {
    return new BigInteger(Long.toUnsignedString(words.getLong(index * 8)));
  }

  /** Half of a fingerprint, by the formulas of the papers. */
  private static long half(ByteBuffer pages, int page, ByteBuffer key, int half) {
    BigInteger sum = BigInteger.ZERO;
    for (int i = 0; i < PAGE / 8; i += 2) {
      BigInteger a = word(pages, page * 512 + i).add(word(key, half * 512 + i)).mod(TWO_64);
      BigInteger b = word(pages, page * 512 + i + 1).add(word(key, half * 512 + i + 1)).mod(TWO_64);
      sum = sum.add(a.multiply(b)).mod(TWO_128);
    }
    int fold = 1024 + half * 6;
    BigInteger result = word(key, fold).add(word(key, fold + 1).shiftLeft(64));
    BigInteger low = word(key, fold + 2).add(word(key, fold + 3).shiftLeft(64));
    BigInteger high = word(key, fold + 4).add(word(key, fold + 5).shiftLeft(64));
    result = result.add(low.multiply(sum.mod(TWO_64))).add(high.multiply(sum.shiftRight(64)));
    return result.mod(TWO_128).shiftRight(64).longValue();
  }

  @Test
  void theyAreTheFormulaOfTheDescription() {
    byte[] keyBytes = new byte[PageFingerprints.KEY_BYTES];
    new Random(1).nextBytes(keyBytes);
    ByteBuffer key = direct(keyBytes.length).put(0, keyBytes);
    ByteBuffer pages = random(8, 2);
    for (int at = 5 * PAGE; at < 6 * PAGE; at++) {
      pages.put(at, (byte) 0xff);
    }
    ByteBuffer found = direct(8 * 16);
    new PageFingerprints(keyBytes).compute(pages, 8, found);
    for (int page = 0; page < 8; page++) {
      assertEquals(half(pages, page, key, 0), found.getLong(page * 16));
      assertEquals(half(pages, page, key, 1), found.getLong(page * 16 + 8));
    }
  }

  @Test
  void equalPagesAreEqualAndZeroPagesAreZero() throws Exception {
    ByteBuffer pages = random(4, 3);
    pages.put(2 * PAGE, pages, 0, PAGE);
    pages.put(3 * PAGE, new byte[PAGE]);
    ByteBuffer found = direct(4 * 16);
    new PageFingerprints().compute(pages, 4, found);
    assertEquals(found.getLong(0), found.getLong(32));
    assertEquals(found.getLong(8), found.getLong(40));
    assertNotEquals(found.getLong(0), found.getLong(16));
    assertEquals(0, found.getLong(48));
    assertEquals(0, found.getLong(56));
  }

  @Test
  void eachObjectHasItsOwnKey() throws Exception {
    ByteBuffer pages = random(1, 4);
    ByteBuffer one = direct(16);
    ByteBuffer other = direct(16);
    new PageFingerprints().compute(pages, 1, one);
    new PageFingerprints().compute(pages, 1, other);
    assertNotEquals(one.getLong(0), other.getLong(0));
  }

  @Test
  void buffersThatAreTooSmallAreRefused() throws Exception {
    PageFingerprints fingerprints = new PageFingerprints();
    assertThrows(
        IllegalArgumentException.class, () -> fingerprints.compute(direct(PAGE), 2, direct(64)));
    assertThrows(
        IllegalArgumentException.class, () -> fingerprints.compute(direct(PAGE), 1, direct(8)));
  }
}
