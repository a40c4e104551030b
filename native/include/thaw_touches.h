/*
 * The touch log: which pages a restored tree touched, in what order and when. One memfd that
 * thaw-init holds ("thaw-touches"); the readers of thaw-pager append, the JVM turns it into a file.
 *
 *   | struct thaw_touches | one struct thaw_touch for each fault ... | what the indices mean |
 *   0                     ..._LOG_OFFSET                             ..._NAMES_OFFSET
 *
 * The last part is the JVM's alone (dev.thaw.pager.PageNames): whoever writes the recording need
 * not be the JVM that laid the tree out. The memfd is sparse: what is not recorded costs nothing.
 *
 * dev.thaw.pager.TouchLog mirrors this file; TablesTest compares the two.
 */
#ifndef THAW_TOUCHES_H
#define THAW_TOUCHES_H

#include <stdint.h>

#define THAW_TOUCHES_VERSION 1u
/* 16 GiB of memory touched page by page; 64 MiB of log. */
#define THAW_MAX_TOUCHES (1u << 22)
#define THAW_TOUCHES_LOG_OFFSET 4096ull
#define THAW_TOUCHES_NAMES_OFFSET (THAW_TOUCHES_LOG_OFFSET + 16ull * THAW_MAX_TOUCHES)
#define THAW_TOUCHES_NAMES_BYTES (16ull << 20)
#define THAW_TOUCHES_BYTES (THAW_TOUCHES_NAMES_OFFSET + THAW_TOUCHES_NAMES_BYTES)

/* Only ever from OFF to ON, and from there to one of the ends: whoever is first has ended it. */
enum thaw_recording {
	THAW_RECORDING_OFF = 0,
	THAW_RECORDING_ON = 1,
	THAW_RECORDING_TIME = 2,   /* its time was over */
	THAW_RECORDING_MARK = 3,   /* thaw mark */
	THAW_RECORDING_SIGNAL = 4, /* thaw restore --record-until-signal */
	THAW_RECORDING_FULL = 5,   /* THAW_MAX_TOUCHES */
	THAW_RECORDING_GONE = 6,   /* the tree has ended */
};

enum thaw_touch_flags {
	THAW_TOUCH_DONE = 1, /* the record is whole; stored last */
	THAW_TOUCH_WRITE = 2,
	THAW_TOUCH_ZERO = 4, /* it held nothing of the image, or the process gave that away */
};

struct thaw_touch {
	uint64_t nanos; /* since the start, CLOCK_MONOTONIC */
	uint32_t index; /* as in the pages memfd */
	uint32_t flags;
};

struct thaw_touches {
	uint32_t version;
	uint32_t state;	      /* enum thaw_recording */
	uint32_t written;     /* the file is there; guarded by a lock on the memfd */
	uint32_t names_bytes; /* of the last part */
	uint64_t start_nanos; /* CLOCK_MONOTONIC */
	uint64_t limit_nanos; /* since the start; 0: none */
	uint64_t end_nanos;   /* since the start; 0: not ended, or it ended by itself */
	uint64_t next;	      /* records begun, a few too many where the log is full */
};

_Static_assert(sizeof(struct thaw_touch) == 16, "no padding in a touch");
_Static_assert(sizeof(struct thaw_touches) <= THAW_TOUCHES_LOG_OFFSET, "the log begins after it");

static inline struct thaw_touch *thaw_touches_log(struct thaw_touches *t)
{
	return (struct thaw_touch *)((uint8_t *)t + THAW_TOUCHES_LOG_OFFSET);
}

static inline int thaw_touches_recording(const struct thaw_touches *t)
{
	return __atomic_load_n(&t->state, __ATOMIC_ACQUIRE) == THAW_RECORDING_ON;
}

/* Ended, and not in a file yet. */
static inline int thaw_touches_pending(const struct thaw_touches *t)
{
	return __atomic_load_n(&t->state, __ATOMIC_ACQUIRE) > THAW_RECORDING_ON &&
	       !__atomic_load_n(&t->written, __ATOMIC_ACQUIRE);
}

/* Whether it was us who ended it. */
static inline int thaw_touches_end(struct thaw_touches *t, uint32_t how)
{
	uint32_t on = THAW_RECORDING_ON;

	return __atomic_compare_exchange_n(&t->state, &on, how, 0, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

#endif
