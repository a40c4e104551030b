package dev.thaw.daemon;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A message between a launcher and thawd: {@code native/include/thaw_daemon_proto.h}. A test
 * compares the two.
 *
 * @param value umask, signal or exit code, as {@code type} says
 */
record DaemonMessage(int type, int value, int flags, byte[] payload) {
  static final int VERSION = 1;
  static final int HEADER_BYTES = 24;
  static final int MAX_BYTES = HEADER_BYTES + 131072;
  static final int RUN = 1;
  static final int SIGNAL = 2;
  static final int EXIT = 3;
  static final int REFUSED = 4;
  static final int TERMINAL = 1;
  static final int INIT = 2;

  /** How a command ended. */
  static DaemonMessage exit(int code) {
    return new DaemonMessage(EXIT, code, 0, new byte[0]);
  }

  /** Nothing was done. */
  static DaemonMessage refused(String why) {
    return new DaemonMessage(REFUSED, 0, 0, why.getBytes(StandardCharsets.UTF_8));
  }

  byte[] toBytes() {
    ByteBuffer out =
        ByteBuffer.allocate(HEADER_BYTES + payload.length).order(ByteOrder.nativeOrder());
    out.putInt(VERSION).putInt(type).putInt(value).putInt(flags).putInt(payload.length).putInt(0);
    return out.put(payload).array();
  }

  /**
   * Reads a message.
   *
   * @throws IllegalArgumentException if it is not one of this version
   */
  static DaemonMessage of(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    if (bytes.length < HEADER_BYTES || in.getInt(0) != VERSION) {
      throw new IllegalArgumentException("thawd is of another version than thaw: restart it");
    }
    if (in.getInt(16) != bytes.length - HEADER_BYTES) {
      throw new IllegalArgumentException("a message of " + bytes.length + " bytes is cut off");
    }
    byte[] payload = new byte[bytes.length - HEADER_BYTES];
    in.get(HEADER_BYTES, payload);
    return new DaemonMessage(in.getInt(4), in.getInt(8), in.getInt(12), payload);
  }

  /** The payload's words, each of which ends with a zero byte. */
  List<String> words() {
    List<String> words = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < payload.length; i++) {
      if (payload[i] == 0) {
        words.add(new String(payload, start, i - start, StandardCharsets.UTF_8));
        start = i + 1;
      }
    }
    return words;
  }
}
