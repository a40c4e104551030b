/*
 * The fault loop: decisions (decide.c), tables (space.c), installs (install.c), how long
 * they take (latency.c), reader.c, where it runs (follow.c), pager.c, what was touched (record.c),
 * what is installed beforehand (prefault.c).
 */
#ifndef THAW_PAGER_H
#define THAW_PAGER_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "thaw_tables.h"
#include "thaw_touches.h"

#define THAW_EXPORT __attribute__((visibility("default")))
#define must_check __attribute__((warn_unused_result))

/* Not in the 6.1 headers: linux/userfaultfd.h of 6.6. */
#ifndef UFFDIO_POISON
struct uffdio_poison {
	struct uffdio_range range;
	__u64 mode;
	__s64 updated;
};
#define UFFDIO_POISON _IOWR(UFFDIO, 0x08, struct uffdio_poison)
#endif

/* What to do about a fault. dev.thaw.pager.Decision is the specification. */
enum thaw_decision {
	THAW_CONTINUE = 0,
	THAW_COPY = 1,
	THAW_ZEROPAGE = 2,
	THAW_FILL_FIRST = 3,
	THAW_POISON = 4,
};

/* Besides the kernel's UFFD_PAGEFAULT_FLAG_*: the install found no page in the memfd. */
#define THAW_FAULT_HOLE (1u << 31)

THAW_EXPORT long thaw_layout(const char *name);
THAW_EXPORT int thaw_decide(uint32_t fault_flags, uint8_t page, uint8_t space, uint32_t kind);

/* space.c: the VMAs of one space. Pure: no system call. */
static inline unsigned int thaw_space_current(const struct thaw_space *s)
{
	return __atomic_load_n(&s->commit, __ATOMIC_ACQUIRE) & 1;
}

const struct thaw_vma *thaw_space_find(const struct thaw_space *s, uint64_t address);
/* The last VMA that begins at or below `address`, or NULL. */
const struct thaw_vma *thaw_space_floor(const struct thaw_space *s, uint64_t address);
/* Where the first VMA above `address` begins, or the end of the address space. */
uint64_t thaw_space_next_start(const struct thaw_space *s, uint64_t address);
THAW_EXPORT int thaw_space_unmap(struct thaw_space *s, uint64_t start, uint64_t end,
				 unsigned int applied, uint64_t *lost_maps);
THAW_EXPORT int thaw_space_remap(struct thaw_space *s, uint64_t from, uint64_t to, uint64_t len,
				 unsigned int applied);
int thaw_space_extend(struct thaw_space *s, const struct thaw_vma *vma, uint64_t end);
/* How many events of the present journal are applied. */
unsigned int thaw_space_applied(const struct thaw_space *s);
/* The event before `applied` is applied, and the VMAs stay as they are. */
void thaw_space_mark_applied(struct thaw_space *s, unsigned int applied);
/* The child's table at the moment of the fork. */
void thaw_space_copy(const struct thaw_space *parent, struct thaw_space *child);

static inline uint64_t thaw_vma_index(const struct thaw_vma *vma, uint64_t address)
{
	if (vma->index == THAW_NO_INDEX)
		return THAW_NO_INDEX;
	return vma->index + ((address - vma->start) >> THAW_PAGE_SHIFT);
}

/* pager.c: what all threads of thaw-pager share. */
struct thaw_pager {
	struct thaw_session *session;
	const uint8_t *pages;
	struct thaw_touches *touches;
	struct thaw_reader *readers[THAW_MAX_SPACES];
	const uint8_t *slot_maps[THAW_MAX_SLOTS]; /* for COPY; mapped at first use */
};

struct thaw_fault {
	uint64_t address;
	uint64_t read_nanos; /* CLOCK_MONOTONIC */
	uint32_t flags;
	uint32_t thread; /* that faults, in its own pid namespace */
	bool requested;
	bool waited; /* for a fill */
};

#define THAW_PENDING_MAX 4096u
#define THAW_PATTERN_SHIFT 8

/* pattern.c: the faults of one VMA so far. */
struct thaw_pattern {
	uint64_t vma_start;
	uint64_t last;	/* the last fault, or where the next is expected if strided */
	uint64_t above; /* where the last window ended, and where it began */
	uint64_t below;
	uint64_t pages; /* its size; 0: none yet */
	uint64_t ahead; /* in a scan: where what was installed last begins, else 0 */
	int64_t stride; /* bytes between the last two faults */
	uint32_t repeats;
};

/* What to install besides the faulting page: [start, end), and `count` pages `stride` bytes apart. */
struct thaw_window {
	uint64_t start;
	uint64_t end;
	int64_t stride;
	uint64_t count;
	bool together; /* wake the thread when all of it is there, and not before */
};

/* follow.c: where the reader runs. */
struct thaw_follow {
	bool allowed; /* and there is more than one CPU */
	pid_t tid;
	cpu_set_t home; /* where it may run otherwise */
	uint32_t state;
	uint32_t reading; /* it waits for messages */
	uint32_t thread;  /* that has faulted last */
	uint32_t run;	  /* faults of that one in a row, */
	uint32_t needed;  /* and how many are a run */
	uint64_t answers; /* all faults */
	uint64_t answered; /* when the last one was */
	uint64_t begun;	   /* answers when it began to follow */
	uint64_t watched;  /* answers when the main thread last looked */
	int cpu;	   /* that it has followed to */
	uint32_t slow;	   /* faults that came late since the thread's CPU was looked at, */
	uint32_t look;	   /* and how many it takes to look again */
};

/* One reader thread: the only one that reads the userfaultfd and installs through it. */
struct thaw_reader {
	struct thaw_pager *pager;
	struct thaw_space_ref *ref;
	struct thaw_space *space;
	uint8_t *bytes;
	unsigned int id;
	int uffd;
	bool nonblocking;
	bool gone;	   /* the process is dead, exec'ed, or needs no pager any more */
	uint32_t stop;	   /* set by the main thread */
	uint32_t settle;   /* set by the main thread: everything is filled */
	uint32_t settling; /* set by the reader: it has seen that */
	uint32_t finished; /* set by the reader */
	pthread_t thread;
	uint32_t filler_generation;
	struct thaw_pattern patterns[1 << THAW_PATTERN_SHIFT];
	int last_errno; /* of the install that failed last, and what it was */
	int last_decision;
	uint64_t drain_next; /* address from which the background slice goes on */
	bool progress;	     /* something was copied since drain_next was 0 */
	bool drained;	     /* nothing is left to be done in the background */
	bool owes_pages;     /* pages were copied and not given back: a child might need them */
	uint64_t read_nanos; /* when the message of the fault in hand was read */
	bool waited;	     /* whether that fault waited for a fill */
	bool owes_wake;	     /* its page is there, its thread is to be woken: */
	uint64_t wake_address;
	enum thaw_fault_kind wake_kind;
	struct thaw_follow follow;
	unsigned int pending_count; /* faults read and not yet looked at */
	unsigned int waiting_count; /* faults that wait for a fill */
	struct thaw_fault pending[THAW_PENDING_MAX];
	struct thaw_fault waiting[THAW_PENDING_MAX];
};

/* Session descriptor and the pid of who has cloned us in, does not return: the body of thaw-pager. */
_Noreturn void thaw_pager_main(int session_fd, pid_t parent);
int thaw_pager_fork(struct thaw_reader *parent, int uffd, unsigned int journal_slot) must_check;
/* There are too few descriptors, or too little memory, for now. */
static inline bool thaw_is_shortage(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM;
}

/* Waits a moment where there is too little of something that others may give back. */
void thaw_pager_await_room(void);
struct thaw_space_ref *thaw_session_claim(struct thaw_session *session);
const struct thaw_slot *thaw_slot_of(const struct thaw_session *s, uint32_t backing,
				     uint64_t index);
const uint8_t *thaw_pager_source(struct thaw_pager *pager, const struct thaw_vma *vma,
				 uint64_t address);

void *thaw_reader_main(void *reader);
void thaw_reader_fail_stop(struct thaw_reader *r, int err);
/* Reads an event that stands in the way of an install; its thread may not have run yet. */
void thaw_reader_wait_for_event(struct thaw_reader *r, unsigned int tries);

/* follow.c. By the reader, when it begins, */
void thaw_follow_init(struct thaw_reader *r);
/* around the read(2) that waits for messages, */
void thaw_follow_reading(struct thaw_reader *r, bool reading);
/* after each fault, which has brought `pages` pages, and before anything else than faults. */
void thaw_follow_answered(struct thaw_reader *r, const struct thaw_fault *fault, uint64_t pages);
void thaw_follow_stop(struct thaw_reader *r);
/* Whether a fault's thread is to be woken after all that is installed with its page. */
bool thaw_follow_wakes_last(const struct thaw_reader *r);
/* By the main thread, every millisecond while that is true. */
bool thaw_follow_watch(struct thaw_reader *r);

/* settle.c: once everything is filled. One slice; false when there is nothing to do for now. */
bool thaw_settle_slice(struct thaw_reader *r) must_check;

/* giveback.c: the memfd's pages under [start, end), where the process has copies of them. */
void thaw_give_back(struct thaw_reader *r, const struct thaw_vma *vma, uint64_t start,
		    uint64_t end);
void thaw_give_back_all(struct thaw_reader *r);

/* Reads what there is into the journal and applies the events: 0, or -errno (EAGAIN: nothing). */
int thaw_reader_read(struct thaw_reader *r, bool block) must_check;

/* The window of a fault: `around` pages, up to `max` where it pays. */
THAW_EXPORT struct thaw_window thaw_pattern_window(struct thaw_reader *r,
						   const struct thaw_vma *vma, uint64_t address,
						   uint64_t around, uint64_t max);

/*
 * What to install next in a scan upwards, while its thread is busy with what it has: nothing unless
 * `address`, the last fault, is in the part that was installed last.
 */
struct thaw_window thaw_pattern_ahead(struct thaw_reader *r, const struct thaw_vma *vma,
				      uint64_t address);

/* latency.c */
uint64_t thaw_now(void);
/* A fault whose message was read at `read_nanos` is answered: its thread has been woken. */
void thaw_latency_add(struct thaw_reader *r, enum thaw_fault_kind kind, uint64_t read_nanos);
/* The same for the fault in hand. */
void thaw_latency_note(struct thaw_reader *r, enum thaw_fault_kind kind);
THAW_EXPORT unsigned int thaw_latency_bucket(uint64_t nanos);
void thaw_latency_release(struct thaw_latency *sum, struct thaw_latency *of);

static inline enum thaw_fault_kind thaw_fault_kind(int decision)
{
	return decision == THAW_CONTINUE   ? THAW_FAULT_MINOR
	       : decision == THAW_COPY	   ? THAW_FAULT_COPIED
	       : decision == THAW_ZEROPAGE ? THAW_FAULT_ZERO
					   : THAW_FAULT_NO_PAGE;
}

/* install.c: how an install ended. */
enum thaw_outcome {
	THAW_DONE,
	THAW_EVENTS,	 /* an event is unread: read it, then look again */
	THAW_LAYOUT,	 /* not registered (any more) as the table says */
	THAW_HOLE,	 /* no page in the memfd */
	THAW_TARGET_GONE,
	THAW_NO_MEMORY,
	THAW_BUG,
};

enum thaw_outcome thaw_install_fault(struct thaw_reader *r, const struct thaw_vma *vma,
				     uint64_t address, enum thaw_decision decision) must_check;
/* Installs up to `pages` pages from `address` on, without a waiter. Returns where it stopped. */
uint64_t thaw_install_slice(struct thaw_reader *r, const struct thaw_vma *vma, uint64_t address,
			    uint64_t pages, enum thaw_outcome *outcome);
enum thaw_outcome thaw_install_zero(struct thaw_reader *r, uint64_t address,
				    uint64_t bound) must_check;
void thaw_wake(int uffd, uint64_t start, uint64_t len);
void thaw_wake_all(int uffd);
/* Wakes the thread of the fault in hand, if that was left for the end. */
void thaw_wake_owed(struct thaw_reader *r);
bool thaw_process_gone(int uffd);
bool thaw_is_one_vma(int uffd, uint64_t start, uint64_t end);

/* record.c */
static inline bool thaw_is_recording(const struct thaw_reader *r)
{
	return thaw_touches_recording(r->pager->touches);
}

void thaw_record_touch(struct thaw_reader *r, struct thaw_fault *fault, uint64_t index, bool zero);

/* prefault.c: pages that lie one after the other everywhere. dev.thaw.linux.Prefault mirrors it. */
struct thaw_prefault {
	uint64_t address;
	uint64_t page_count;
	uint64_t index;
	uint64_t file_page; /* of the memfd, for ANON */
	int32_t memfd;
	uint32_t kind; /* enum thaw_vma_kind; ZERO: zeros in private memory of any kind */
};

_Static_assert(sizeof(struct thaw_prefault) == 40, "no padding in a prefault");

THAW_EXPORT long thaw_prefault(int uffd, int table_fd, const struct thaw_prefault *runs,
			       long count);

#endif
