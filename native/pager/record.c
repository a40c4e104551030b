/*
 * The touch log. Several readers append to it: each takes a place of its own by one atomic addition
 * and says last that the record is whole, so there is no lock, and a reader that is killed in
 * between leaves a place that nobody believes. No allocation and no system call: the clock is the
 * vDSO's.
 *
 * A touch is recorded before its page is installed: after a death in between, the thread faults
 * again, and the page is in the log twice. The other order would lose it. The first record counts.
 */
#include <time.h>

#include "pager.h"

#define FAULT_RECORDED (1u << 30)

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

void thaw_record_touch(struct thaw_reader *r, struct thaw_fault *fault, uint64_t index, bool zero)
{
	struct thaw_touches *t = r->pager->touches;
	uint64_t nanos, at;
	struct thaw_touch *touch;
	uint32_t flags = THAW_TOUCH_DONE;

	if (fault->flags & FAULT_RECORDED) /* it has waited for its page */
		return;
	fault->flags |= FAULT_RECORDED;
	nanos = now() - t->start_nanos;
	if (t->limit_nanos && nanos >= t->limit_nanos) {
		thaw_touches_end(t, THAW_RECORDING_TIME);
		return;
	}
	at = __atomic_fetch_add(&t->next, 1, __ATOMIC_RELAXED);
	if (at >= THAW_MAX_TOUCHES) {
		thaw_touches_end(t, THAW_RECORDING_FULL);
		return;
	}
	if (fault->flags & UFFD_PAGEFAULT_FLAG_WRITE)
		flags |= THAW_TOUCH_WRITE;
	/* A shared page may have come by content since: that is not the image's. */
	if (zero || !(r->pager->pages[index] & THAW_PAGE_HAS_CONTENT))
		flags |= THAW_TOUCH_ZERO;
	touch = thaw_touches_log(t) + at;
	touch->nanos = nanos;
	touch->index = (uint32_t)index;
	__atomic_store_n(&touch->flags, flags, __ATOMIC_RELEASE);
}
