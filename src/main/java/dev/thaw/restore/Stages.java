package dev.thaw.restore;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** How long a restore was in each of its stages, in the order in which they began. */
final class Stages {
  private final Map<String, Duration> durations = new LinkedHashMap<>();
  private String current;
  private long since;

  /** Ends the stage before, if there is one. A stage may be begun again; its times are added up. */
  void begin(String stage) {
    end();
    current = stage;
    since = System.nanoTime();
  }

  /** Ends the last stage. */
  void end() {
    if (current != null) {
      durations.merge(current, Duration.ofNanos(System.nanoTime() - since), Duration::plus);
      current = null;
    }
  }

  Map<String, Duration> durations() {
    return durations;
  }
}
