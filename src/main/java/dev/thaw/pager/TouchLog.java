package dev.thaw.pager;

import dev.thaw.linux.Fd;
import dev.thaw.linux.SharedMapping;
import dev.thaw.store.Recording;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The touch log of {@code thaw_touches.h}: the readers of thaw-pager append to it, this JVM begins
 * and reads it. Thread safe as memory is.
 */
final class TouchLog {
  static final int VERSION = 1;
  static final int MAX_TOUCHES = 1 << 22;
  static final int LOG_OFFSET = 4096;
  static final int TOUCH_BYTES = 16;
  static final int NAMES_OFFSET = LOG_OFFSET + TOUCH_BYTES * MAX_TOUCHES;
  static final int NAMES_BYTES = 16 << 20;
  static final int BYTES = NAMES_OFFSET + NAMES_BYTES;

  static final int STATE = 4;
  static final int WRITTEN = 8;
  static final int NAMES_LENGTH = 12;
  static final int START_NANOS = 16;
  static final int LIMIT_NANOS = 24;
  static final int END_NANOS = 32;
  static final int NEXT = 40;

  static final int OFF = 0;
  static final int ON = 1;

  private static final int DONE = 1;
  private static final int WRITE = 2;
  private static final int ZERO = 4;

  private final SharedMapping log;

  TouchLog(Fd fd) throws IOException {
    log = new SharedMapping(fd, BYTES);
    if (log.getInt(0) != VERSION) {
      throw new IOException("thaw-init keeps a touch log of another version");
    }
  }

  /** {@link #OFF}, {@link #ON}, or a {@link Recording.End}. */
  int state() {
    return log.getInt(STATE);
  }

  /** Everything touched from now on is recorded. Before thaw-pager starts. */
  void begin(long nowNanos, long limitNanos, byte[] names) {
    if (names.length > NAMES_BYTES) {
      throw new IllegalStateException("too many VMAs for a recording: " + names.length + " bytes");
    }
    log.write(NAMES_OFFSET, names);
    log.setInt(NAMES_LENGTH, names.length);
    log.setLong(START_NANOS, nowNanos);
    log.setLong(LIMIT_NANOS, limitNanos);
    log.setInt(STATE, ON);
  }

  byte[] names() {
    byte[] names = new byte[Math.min(NAMES_BYTES, Math.max(0, log.getInt(NAMES_LENGTH)))];
    log.read(NAMES_OFFSET, names);
    return names;
  }

  /** Ends it; whether it was this call that did. */
  boolean end(Recording.End how, long nowNanos) {
    if (!log.compareAndSetInt(STATE, ON, how.code())) {
      return false;
    }
    log.setLong(END_NANOS, nowNanos - log.getLong(START_NANOS));
    return true;
  }

  /** Whether the time that it was given is over. */
  boolean isOver(long nowNanos) {
    long limit = log.getLong(LIMIT_NANOS);
    return limit != 0 && nowNanos - log.getLong(START_NANOS) >= limit;
  }

  boolean isWritten() {
    return log.getInt(WRITTEN) != 0;
  }

  void markWritten() {
    log.setInt(WRITTEN, 1);
  }

  /** The touches by name, the first of each page. The recording has ended. */
  Recording read(long checkpoint, PageNames pageNames) {
    int count = (int) Math.min(MAX_TOUCHES, log.getLong(NEXT));
    Map<Integer, Integer> placeOf = new HashMap<>();
    List<Integer> places = new ArrayList<>();
    for (int at = LOG_OFFSET; at < LOG_OFFSET + count * TOUCH_BYTES; at += TOUCH_BYTES) {
      int index = log.getInt(at + 8);
      if ((log.getInt(at + 12) & DONE) == 0 || pageNames.nameOf(index) == null) {
        continue; // of a reader that was killed
      }
      Integer before = placeOf.putIfAbsent(index, places.size());
      if (before == null) {
        places.add(at);
      } else if (isZero(places.get(before)) && !isZero(at)) {
        places.set(before, at); // another process of the tree, which has the page
      }
    }
    TreeSet<String> pagemaps = new TreeSet<>();
    places.forEach(at -> pagemaps.add(pageNames.nameOf(log.getInt(at + 8)).pagemap()));
    List<String> names = new ArrayList<>(pagemaps);
    List<Recording.Touch> touches = new ArrayList<>(places.size());
    for (int at : places) {
      PageNames.Name name = pageNames.nameOf(log.getInt(at + 8));
      boolean write = (log.getInt(at + 12) & WRITE) != 0;
      touches.add(
          new Recording.Touch(
              Collections.binarySearch(names, name.pagemap()),
              name.page(),
              log.getLong(at),
              write,
              isZero(at)));
    }
    // Two readers take their places in one order and the time in another.
    touches.sort(Comparator.comparingLong(Recording.Touch::nanos));
    long last = touches.isEmpty() ? 0 : touches.get(touches.size() - 1).nanos();
    long ended = log.getLong(end() == Recording.End.TIME ? LIMIT_NANOS : END_NANOS);
    return new Recording(checkpoint, Math.max(last, ended), end(), names, touches);
  }

  private boolean isZero(int at) {
    return (log.getInt(at + 12) & ZERO) != 0;
  }

  /** How it ended; null while it has not. */
  Recording.End end() {
    return Recording.End.of(state());
  }
}
