package dev.thaw.pager;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.thaw.linux.PagerLibrary;
import dev.thaw.linux.PrefaultRuns;
import dev.thaw.store.Recording;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TablesTest {
  @Test
  void offsetsSizesAndConstantsAreThoseOfTheCompiler() {
    Map<String, Long> java = new LinkedHashMap<>();
    session(java);
    backing(java);
    space(java);
    latency(java);
    touches(java);
    assertAll(
        java.entrySet().stream()
            .map(
                e -> () -> assertEquals(PagerLibrary.layout(e.getKey()), e.getValue(), e::getKey)));
  }

  private static void session(Map<String, Long> java) {
    java.put("THAW_TABLES_VERSION", (long) Tables.VERSION);
    java.put("THAW_SESSION_MAGIC", Tables.SESSION_MAGIC);
    java.put("thaw_session", (long) Tables.SESSION_BYTES);
    java.put("thaw_session.version", (long) Tables.VERSION_AT);
    java.put("thaw_session.serving", (long) Tables.SERVING);
    java.put("THAW_RETIRED", (long) Tables.SERVING_RETIRED);
    java.put("thaw_session.pager_pid", (long) Tables.PAGER_PID);
    java.put("thaw_session.pager_generation", (long) Tables.PAGER_GENERATION);
    java.put("thaw_session.filler_generation", (long) Tables.FILLER_GENERATION);
    java.put("thaw_session.fill_done", (long) Tables.FILL_DONE);
    java.put("thaw_session.backing_count", (long) Tables.BACKING_COUNT);
    java.put("thaw_session.slot_count", (long) Tables.SLOT_COUNT);
    java.put("thaw_session.space_count", (long) Tables.SPACE_COUNT);
    java.put("thaw_session.page_count", (long) Tables.PAGE_COUNT);
    java.put("thaw_session.around_pages", (long) Tables.AROUND_PAGES);
    java.put("thaw_session.around_max_pages", (long) Tables.AROUND_MAX_PAGES);
    java.put("thaw_session.filled_pages", (long) Tables.FILLED_PAGES);
    java.put("thaw_session.content_pages", (long) Tables.CONTENT_PAGES);
    java.put("thaw_session.gone", (long) Tables.GONE);
    java.put("thaw_session.backings", (long) Tables.BACKINGS);
    java.put("thaw_session.slots", (long) Tables.SLOTS);
    java.put("thaw_session.spaces", (long) Tables.SPACES);
    java.put("thaw_session.touches_fd", (long) Tables.TOUCHES_FD);
    java.put("THAW_MAX_BACKINGS", (long) Tables.MAX_BACKINGS);
    java.put("THAW_MAX_SLOTS", (long) Tables.MAX_SLOTS);
    java.put("THAW_MAX_SPACES", (long) Tables.MAX_SPACES);
    java.put("THAW_MAX_VMAS", (long) Tables.MAX_VMAS);
    java.put("THAW_MAX_PAGES", (long) Tables.MAX_PAGES);
  }

  private static void touches(Map<String, Long> java) {
    java.put("thaw_touch", (long) TouchLog.TOUCH_BYTES);
    java.put("thaw_touches.version", 0L);
    java.put("thaw_touches.state", (long) TouchLog.STATE);
    java.put("thaw_touches.written", (long) TouchLog.WRITTEN);
    java.put("thaw_touches.names_bytes", (long) TouchLog.NAMES_LENGTH);
    java.put("thaw_touches.start_nanos", (long) TouchLog.START_NANOS);
    java.put("thaw_touches.limit_nanos", (long) TouchLog.LIMIT_NANOS);
    java.put("thaw_touches.end_nanos", (long) TouchLog.END_NANOS);
    java.put("thaw_touches.next", (long) TouchLog.NEXT);
    java.put("THAW_TOUCHES_VERSION", (long) TouchLog.VERSION);
    java.put("THAW_MAX_TOUCHES", (long) TouchLog.MAX_TOUCHES);
    java.put("THAW_TOUCHES_LOG_OFFSET", (long) TouchLog.LOG_OFFSET);
    java.put("THAW_TOUCHES_NAMES_OFFSET", (long) TouchLog.NAMES_OFFSET);
    java.put("THAW_TOUCHES_NAMES_BYTES", (long) TouchLog.NAMES_BYTES);
    java.put("THAW_TOUCHES_BYTES", (long) TouchLog.BYTES);
    java.put("THAW_RECORDING_GONE", (long) Recording.End.GONE.code());
    java.put("thaw_prefault", (long) PrefaultRuns.RUN_BYTES);
  }

  private static void backing(Map<String, Long> java) {
    java.put("thaw_backing", (long) Tables.BACKING_BYTES);
    java.put("thaw_backing.fd", (long) Tables.BACKING_FD);
    java.put("thaw_backing.extents_fd", (long) Tables.BACKING_EXTENTS_FD);
    java.put("thaw_backing.flags", (long) Tables.BACKING_FLAGS);
    java.put("thaw_backing.first_slot", (long) Tables.BACKING_FIRST_SLOT);
    java.put("thaw_backing.slot_count", (long) Tables.BACKING_SLOT_COUNT);
    java.put("thaw_backing.extent_count", (long) Tables.BACKING_EXTENT_COUNT);
    java.put("thaw_backing.name", (long) Tables.BACKING_NAME);
    java.put("thaw_slot", (long) Tables.SLOT_BYTES);
    java.put("thaw_extent", (long) Tables.EXTENT_BYTES);
    java.put("THAW_INIT_VERSION", (long) InitConnection.VERSION);
    java.put("THAW_INIT_MAX_BYTES", (long) InitConnection.MAX_PAYLOAD_BYTES);
    java.put("thaw_init_msg", (long) InitConnection.HEADER_BYTES);
    java.put("thaw_init_msg.number", (long) InitConnection.NUMBER_AT);
    java.put("thaw_init_range", (long) InitConnection.RANGE_BYTES);
  }

  private static void latency(Map<String, Long> java) {
    java.put("thaw_session.latency_gone", (long) Tables.LATENCY_GONE);
    java.put("thaw_session.latency", (long) Tables.LATENCY);
    java.put("thaw_latency", (long) Tables.LATENCY_BYTES);
    java.put("thaw_histogram", (long) Tables.HISTOGRAM_BYTES);
    java.put("thaw_histogram.sum_nanos", (long) Tables.HISTOGRAM_SUM_NANOS);
    java.put("thaw_histogram.max_nanos", (long) Tables.HISTOGRAM_MAX_NANOS);
    java.put("thaw_histogram.buckets", (long) Tables.HISTOGRAM_BUCKETS);
    java.put("THAW_FAULT_KINDS", (long) Tables.FaultKind.values().length);
    java.put("THAW_LATENCY_BUCKETS", (long) Tables.LATENCY_BUCKETS);
  }

  private static void space(Map<String, Long> java) {
    java.put("thaw_space_ref", (long) Tables.REF_BYTES);
    java.put("thaw_space_ref.state", (long) Tables.REF_STATE);
    java.put("thaw_space_ref.generation", (long) Tables.REF_GENERATION);
    java.put("thaw_space_ref.table_fd", (long) Tables.REF_TABLE_FD);
    java.put("thaw_space_ref.filled_eventfd", (long) Tables.REF_FILLED_EVENTFD);
    java.put("thaw_space_ref.pid", (long) Tables.REF_PID);
    java.put("thaw_space_ref.flags", (long) Tables.REF_FLAGS);
    java.put("thaw_space_ref.counters", (long) Tables.REF_COUNTERS);
    java.put("thaw_counters", 8L * Tables.Counter.values().length);
    java.put("thaw_space_ref.ring_head", (long) Tables.REF_RING_HEAD);
    java.put("thaw_space_ref.ring_tail", (long) Tables.REF_RING_TAIL);
    java.put("thaw_space_ref.ring", (long) Tables.REF_RING);
    java.put("THAW_RING_SIZE", (long) Tables.RING_SIZE);
    java.put("thaw_request", (long) Tables.REQUEST_BYTES);
    java.put("thaw_space.commit", (long) Tables.SPACE_COMMIT);
    java.put("thaw_space.journal_seq", (long) Tables.SPACE_JOURNAL_SEQ);
    java.put("thaw_space.vma_count", (long) Tables.SPACE_VMA_COUNT);
    java.put("thaw_space.vmas", (long) Tables.SPACE_VMAS);
    java.put("thaw_vma", (long) Tables.VMA_BYTES);
    java.put("THAW_SPACE_PAGES_OFFSET", (long) Tables.SPACE_PAGES_OFFSET);
  }
}
