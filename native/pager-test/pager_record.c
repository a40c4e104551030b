/*
 * PAGER_SOURCES: linked with the fault loop itself.
 *
 * The touch log by itself: what several readers append at once is all there, and once; it ends when
 * it is full and when its time is over. Prints "ok NAME" for each case.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../pager/pager.h"
#include "setup.h"

#define READERS 4u
#define EACH 200000u
#define CHECK(condition)                                                                         \
	do {                                                                                     \
		if (!(condition))                                                                \
			die("%s: line %d: %s", name, __LINE__, #condition);                      \
	} while (0)

static const char *name = "set-up";
static struct thaw_touches *touches;
static uint8_t pages[READERS * EACH];
static struct thaw_pager pager;

static void begin(const char *what)
{
	struct timespec now;

	name = what;
	if (touches)
		munmap(touches, THAW_TOUCHES_BYTES);
	touches = mmap(NULL, THAW_TOUCHES_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(touches != MAP_FAILED);
	clock_gettime(CLOCK_MONOTONIC, &now);
	touches->start_nanos = (uint64_t)now.tv_sec * 1000000000u + now.tv_nsec;
	touches->state = THAW_RECORDING_ON;
	pager.touches = touches;
	pager.pages = pages;
	memset(pages, THAW_PAGE_HAS_CONTENT, sizeof(pages));
}

static void touch(struct thaw_reader *r, uint64_t index, uint32_t flags, bool zero)
{
	struct thaw_fault fault = {.flags = flags};

	thaw_record_touch(r, &fault, index, zero);
}

static void *append(void *first)
{
	struct thaw_reader *r = calloc(1, sizeof(*r));

	r->pager = &pager;
	for (uint64_t i = 0; i < EACH; i++)
		touch(r, (uintptr_t)first + i, 0, false);
	free(r);
	return NULL;
}

static void everything_once(void)
{
	static uint8_t seen[READERS * EACH];
	pthread_t threads[READERS];

	begin("what several readers append is there once");
	for (uintptr_t i = 0; i < READERS; i++)
		CHECK(!pthread_create(&threads[i], NULL, append, (void *)(i * EACH)));
	for (unsigned int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	CHECK(touches->next == READERS * EACH);
	for (unsigned int i = 0; i < READERS * EACH; i++) {
		const struct thaw_touch *t = thaw_touches_log(touches) + i;

		CHECK(t->flags == THAW_TOUCH_DONE);
		CHECK(t->index < READERS * EACH && !seen[t->index]++);
	}
	CHECK(touches->state == THAW_RECORDING_ON);
}

static void flags_and_waiting(struct thaw_reader *r)
{
	const struct thaw_touch *log;
	struct thaw_fault fault = {.flags = UFFD_PAGEFAULT_FLAG_WRITE};

	begin("a fault that waits for its page is one touch");
	log = thaw_touches_log(touches);
	thaw_record_touch(r, &fault, 7, false);
	thaw_record_touch(r, &fault, 7, false);
	CHECK(touches->next == 1);
	CHECK(log[0].index == 7 && log[0].flags == (THAW_TOUCH_DONE | THAW_TOUCH_WRITE));
	touch(r, 8, 0, true);
	CHECK(log[1].index == 8 && log[1].flags == (THAW_TOUCH_DONE | THAW_TOUCH_ZERO));
	CHECK(log[1].nanos >= log[0].nanos);
	pages[9] = 0; /* what is shared may be written to where the image holds nothing */
	touch(r, 9, 0, false);
	CHECK(log[2].index == 9 && log[2].flags == (THAW_TOUCH_DONE | THAW_TOUCH_ZERO));
}

static void full(struct thaw_reader *r)
{
	begin("a full log ends the recording");
	touches->next = THAW_MAX_TOUCHES - 1;
	touch(r, 1, 0, false);
	CHECK(touches->state == THAW_RECORDING_ON);
	CHECK(thaw_touches_log(touches)[THAW_MAX_TOUCHES - 1].index == 1);
	touch(r, 2, 0, false);
	CHECK(touches->state == THAW_RECORDING_FULL);
	CHECK(!thaw_is_recording(r));
	CHECK(*((uint8_t *)touches + THAW_TOUCHES_NAMES_OFFSET) == 0);
}

static void over(struct thaw_reader *r)
{
	begin("nothing is recorded after its time");
	touches->limit_nanos = 1000000000u;
	touch(r, 1, 0, false);
	touches->start_nanos -= touches->limit_nanos;
	touch(r, 2, 0, false);
	CHECK(touches->state == THAW_RECORDING_TIME);
	CHECK(touches->next == 1);
	CHECK(!thaw_touches_end(touches, THAW_RECORDING_MARK)); /* it has ended */
	CHECK(touches->state == THAW_RECORDING_TIME);
}

/* Fault-around is off while it records: a window of one page. */
static void walk_in_order(struct thaw_reader *r)
{
	struct thaw_vma vma = {.start = 0x10000000, .end = 0x20000000};

	name = "a walk in order takes one page at a time where that is all that is allowed";
	for (uint64_t at = vma.start; at < vma.start + 1000 * THAW_PAGE_SIZE; at += THAW_PAGE_SIZE) {
		struct thaw_window w = thaw_pattern_window(r, &vma, at, 1, 1);
		struct thaw_window ahead = thaw_pattern_ahead(r, &vma, at);

		CHECK(w.start == at && w.end == at + THAW_PAGE_SIZE && !w.count);
		CHECK(ahead.start == ahead.end);
	}
}

int main(void)
{
	struct thaw_reader *r = calloc(1, sizeof(*r));

	CHECK(r);
	r->pager = &pager;
	everything_once();
	printf("ok %s\n", name);
	flags_and_waiting(r);
	printf("ok %s\n", name);
	full(r);
	printf("ok %s\n", name);
	over(r);
	printf("ok %s\n", name);
	walk_in_order(r);
	printf("ok %s\n", name);
	return 0;
}
