/* Offsets for the test that holds dev.thaw.pager.Tables against thaw_tables.h. */
#include <stddef.h>
#include <string.h>

#include "pager.h"
#include "thaw_init_proto.h"

#define AT(type, member) {#type "." #member, offsetof(struct type, member)}
#define SIZE(type) {#type, sizeof(struct type)}
#define VALUE(name) {#name, (long)name}

static const struct {
	const char *name;
	long value;
} layout[] = {
	SIZE(thaw_session),
	AT(thaw_session, version),
	AT(thaw_session, serving),
	VALUE(THAW_RETIRED),
	AT(thaw_session, pager_pid),
	AT(thaw_session, pager_generation),
	AT(thaw_session, filler_generation),
	AT(thaw_session, fill_done),
	AT(thaw_session, backing_count),
	AT(thaw_session, slot_count),
	AT(thaw_session, space_count),
	AT(thaw_session, page_count),
	AT(thaw_session, around_pages),
	AT(thaw_session, around_max_pages),
	AT(thaw_session, filled_pages),
	AT(thaw_session, content_pages),
	AT(thaw_session, gone),
	AT(thaw_session, backings),
	AT(thaw_session, slots),
	AT(thaw_session, spaces),
	AT(thaw_session, latency_gone),
	AT(thaw_session, latency),
	SIZE(thaw_latency),
	SIZE(thaw_histogram),
	AT(thaw_histogram, sum_nanos),
	AT(thaw_histogram, max_nanos),
	AT(thaw_histogram, buckets),
	VALUE(THAW_FAULT_KINDS),
	VALUE(THAW_LATENCY_BUCKETS),
	AT(thaw_session, touches_fd),
	SIZE(thaw_backing),
	AT(thaw_backing, fd),
	AT(thaw_backing, extents_fd),
	AT(thaw_backing, flags),
	AT(thaw_backing, first_slot),
	AT(thaw_backing, slot_count),
	AT(thaw_backing, extent_count),
	AT(thaw_backing, name),
	SIZE(thaw_slot),
	SIZE(thaw_extent),
	SIZE(thaw_space_ref),
	AT(thaw_space_ref, state),
	AT(thaw_space_ref, generation),
	AT(thaw_space_ref, table_fd),
	AT(thaw_space_ref, filled_eventfd),
	AT(thaw_space_ref, pid),
	AT(thaw_space_ref, flags),
	AT(thaw_space_ref, counters),
	AT(thaw_space_ref, ring_head),
	AT(thaw_space_ref, ring_tail),
	AT(thaw_space_ref, ring),
	SIZE(thaw_request),
	SIZE(thaw_counters),
	AT(thaw_space, commit),
	AT(thaw_space, journal_seq),
	AT(thaw_space, vma_count),
	AT(thaw_space, vmas),
	SIZE(thaw_vma),
	SIZE(thaw_init_msg),
	AT(thaw_init_msg, number),
	SIZE(thaw_init_range),
	SIZE(thaw_touch),
	AT(thaw_touches, version),
	AT(thaw_touches, state),
	AT(thaw_touches, written),
	AT(thaw_touches, names_bytes),
	AT(thaw_touches, start_nanos),
	AT(thaw_touches, limit_nanos),
	AT(thaw_touches, end_nanos),
	AT(thaw_touches, next),
	VALUE(THAW_TOUCHES_VERSION),
	VALUE(THAW_MAX_TOUCHES),
	VALUE(THAW_TOUCHES_LOG_OFFSET),
	VALUE(THAW_TOUCHES_NAMES_OFFSET),
	VALUE(THAW_TOUCHES_NAMES_BYTES),
	VALUE(THAW_TOUCHES_BYTES),
	VALUE(THAW_RECORDING_GONE),
	SIZE(thaw_prefault),
	VALUE(THAW_TABLES_VERSION),
	VALUE(THAW_SESSION_MAGIC),
	VALUE(THAW_MAX_BACKINGS),
	VALUE(THAW_MAX_SLOTS),
	VALUE(THAW_MAX_SPACES),
	VALUE(THAW_MAX_VMAS),
	VALUE(THAW_MAX_PAGES),
	VALUE(THAW_RING_SIZE),
	VALUE(THAW_SPACE_PAGES_OFFSET),
	VALUE(THAW_INIT_VERSION),
	VALUE(THAW_INIT_MAX_BYTES),
};

/* The value of `name`, or -1. */
THAW_EXPORT long thaw_layout(const char *name)
{
	for (size_t i = 0; i < sizeof(layout) / sizeof(layout[0]); i++) {
		if (!strcmp(layout[i].name, name))
			return layout[i].value;
	}
	return -1;
}

