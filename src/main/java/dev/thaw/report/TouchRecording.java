package dev.thaw.report;

import java.util.List;

/**
 * What one restored tree touched until the recording ended.
 *
 * @param name of its file
 * @param durationNanos from the tree's start to the end
 * @param touches ascending by time, one for each page
 */
record TouchRecording(String name, long durationNanos, List<Touch> touches) {
  TouchRecording {
    touches = List.copyOf(touches);
  }
}
