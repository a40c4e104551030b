package dev.thaw.restore.fd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatagramsTest {
  private static final int UDP = 17;

  @ParameterizedTest
  @ValueSource(ints = {4, 16})
  void packetHasBothAddressesBothPortsAndTheContent(int addressBytes) {
    byte[] from = address(addressBytes, 1);
    byte[] to = address(addressBytes, 2);
    byte[] packet = Datagrams.packet(from, 0xabcd, to, 53, new byte[] {1, 2, 3});
    int header = addressBytes == 4 ? 20 : 40;

    assertEquals(header + 8 + 3, packet.length);
    assertEquals(addressBytes == 4 ? 0x45 : 0x60, packet[0]);
    assertArrayEquals(
        from, Arrays.copyOfRange(packet, header - 2 * addressBytes, header - addressBytes));
    assertArrayEquals(to, Arrays.copyOfRange(packet, header - addressBytes, header));
    assertEquals((short) 0xabcd, ByteBuffer.wrap(packet).getShort(header));
    assertEquals(53, ByteBuffer.wrap(packet).getShort(header + 2));
    assertEquals(11, ByteBuffer.wrap(packet).getShort(header + 4));
    assertArrayEquals(new byte[] {1, 2, 3}, Arrays.copyOfRange(packet, header + 8, packet.length));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 1001, 65000})
  void checksumMakesAllWordsAddUpToOnes(int payloadBytes) {
    for (int addressBytes : new int[] {4, 16}) {
      byte[] payload = new byte[payloadBytes];
      for (int i = 0; i < payloadBytes; i++) {
        payload[i] = (byte) (i * 7 + 3);
      }
      byte[] packet =
          Datagrams.packet(address(addressBytes, 9), 1, address(addressBytes, 8), 2, payload);
      int header = addressBytes == 4 ? 20 : 40;
      byte[] udp = Arrays.copyOfRange(packet, header - 2 * addressBytes, packet.length + 1);
      long sum = UDP + 8 + payloadBytes;
      for (int i = 0; i + 1 < udp.length; i += 2) {
        sum += (udp[i] & 0xff) << 8 | udp[i + 1] & 0xff;
      }
      while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
      }
      assertEquals(0xffff, sum);
    }
  }

  private static byte[] address(int bytes, int seed) {
    byte[] address = new byte[bytes];
    for (int i = 0; i < bytes; i++) {
      address[i] = (byte) (seed * 31 + i * 5);
    }
    return address;
  }
}
