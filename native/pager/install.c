/*
 * Installing pages: the ioctls of a userfaultfd and what their errors mean (measured on 6.18;
 * mm/userfaultfd.c). `moved` is the field that all of them have: bytes done, or -errno.
 *
 *   0                    all done
 *   EAGAIN, moved > 0    stopped at a page that is mapped already, or at a hole
 *   EAGAIN, moved < 0    an event of this userfaultfd is unread, or its thread has not run yet
 *   EEXIST               the first page is mapped already; its waiters are NOT woken
 *   EFAULT               the first page is a hole of the memfd
 *   ENOENT               not registered, or more than one VMA
 *   ESRCH                the address space is gone (exit, exec)
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <time.h>

#include "pager.h"

#define FIRST_ADDRESS 0x10000ull
#define LAST_ADDRESS 0x7ffffffff000ull
/* Runs of neighbours that one fault may install: each is an ioctl of about 1 us. */
#define RUNS_PER_FAULT 8
/* COPY of 16 pages delays the fault by as much as CONTINUE of 64 (32 us). */
#define COPY_WINDOW 16
#define ENOMEM_RETRIES 100
/* UFFDIO_CONTINUE_MODE_WP: linux/userfaultfd.h of 6.4. */
#define CONTINUE_MODE_WP 2ull

void thaw_wake(int uffd, uint64_t start, uint64_t len)
{
	struct uffdio_range range = {start, len};

	ioctl(uffd, UFFDIO_WAKE, &range);
}

void thaw_wake_all(int uffd)
{
	thaw_wake(uffd, FIRST_ADDRESS, LAST_ADDRESS - FIRST_ADDRESS);
}

/* A userfaultfd does not say that its process is dead: an install that cannot succeed does. */
bool thaw_process_gone(int uffd)
{
	struct uffdio_continue arg = {
		.range = {LAST_ADDRESS - THAW_PAGE_SIZE, THAW_PAGE_SIZE},
		.mode = UFFDIO_CONTINUE_MODE_DONTWAKE,
	};

	return ioctl(uffd, UFFDIO_CONTINUE, &arg) && errno == ESRCH;
}

/*
 * Whether [start, end) lies in one registered VMA. The kernel looks the VMA up (ENOENT) before it
 * refuses write protection, which none of ours is registered for (EINVAL): mfill_atomic(), 6.18.
 */
bool thaw_is_one_vma(int uffd, uint64_t start, uint64_t end)
{
	struct uffdio_continue arg = {
		.range = {start, end - start},
		.mode = CONTINUE_MODE_WP | UFFDIO_CONTINUE_MODE_DONTWAKE,
	};

	return ioctl(uffd, UFFDIO_CONTINUE, &arg) && errno == EINVAL && arg.mapped == -EINVAL;
}

void thaw_wake_owed(struct thaw_reader *r)
{
	if (!r->owes_wake)
		return;
	r->owes_wake = false;
	thaw_latency_note(r, r->wake_kind);
	thaw_wake(r->uffd, r->wake_address, THAW_PAGE_SIZE);
}

/* The thread of the fault in hand has been woken, or is to be when all is installed. */
static void woken(struct thaw_reader *r, uint64_t address, int decision, bool wake)
{
	if (wake) {
		thaw_latency_note(r, thaw_fault_kind(decision));
		return;
	}
	r->owes_wake = true;
	r->wake_address = address;
	r->wake_kind = thaw_fault_kind(decision);
}

static int install_once(struct thaw_reader *r, int decision, uint64_t address, const uint8_t *source,
			uint64_t len, bool wake, int64_t *moved)
{
	int err = 0;

	if (decision == THAW_CONTINUE) {
		struct uffdio_continue arg = {
			.range = {address, len},
			.mode = wake ? 0 : UFFDIO_CONTINUE_MODE_DONTWAKE,
		};

		err = ioctl(r->uffd, UFFDIO_CONTINUE, &arg) ? errno : 0;
		*moved = arg.mapped;
	} else if (decision == THAW_COPY) {
		struct uffdio_copy arg = {
			.dst = address,
			.src = (uintptr_t)source,
			.len = len,
			.mode = wake ? 0 : UFFDIO_COPY_MODE_DONTWAKE,
		};

		err = ioctl(r->uffd, UFFDIO_COPY, &arg) ? errno : 0;
		*moved = arg.copy;
	} else if (decision == THAW_ZEROPAGE) {
		struct uffdio_zeropage arg = {
			.range = {address, len},
			.mode = wake ? 0 : UFFDIO_ZEROPAGE_MODE_DONTWAKE,
		};

		err = ioctl(r->uffd, UFFDIO_ZEROPAGE, &arg) ? errno : 0;
		*moved = arg.zeropage;
	} else {
		struct uffdio_poison arg = {.range = {address, len}};

		err = ioctl(r->uffd, UFFDIO_POISON, &arg) ? errno : 0;
		*moved = arg.updated;
	}
	return err;
}

/* One install, ENOMEM waited out. Returns the errno; *moved is the bytes done, never negative. */
static int install(struct thaw_reader *r, int decision, uint64_t address, const uint8_t *source,
		   uint64_t len, bool wake, int64_t *moved)
{
	struct thaw_counters *c = &r->ref->counters;

	for (int try = 0;; try++) {
		int err = install_once(r, decision, address, source, len, wake, moved);

		if (err != EAGAIN && err)
			*moved = 0;
		if (err == ENOMEM && try < ENOMEM_RETRIES) {
			const struct timespec pause = {0, 1000000};

			c->enomem++;
			nanosleep(&pause, NULL);
			continue;
		}
		return err;
	}
}

static void mark_installed(struct thaw_reader *r, const struct thaw_vma *vma, uint64_t start,
			   uint64_t end)
{
	uint64_t index = thaw_vma_index(vma, start);
	uint64_t pages = (end - start) >> THAW_PAGE_SHIFT;

	if (index == THAW_NO_INDEX)
		return;
	for (uint64_t i = index; i < index + pages; i++)
		r->bytes[i] |= THAW_SPACE_INSTALLED;
}

static void count(struct thaw_reader *r, int decision, uint64_t bytes, bool demand)
{
	struct thaw_counters *c = &r->ref->counters;
	uint64_t pages = bytes >> THAW_PAGE_SHIFT;

	if (decision == THAW_ZEROPAGE) {
		c->zero += pages;
	} else if (decision == THAW_POISON) {
		c->poisoned += pages;
	} else {
		*(demand ? &c->demand : &c->ahead) += pages;
		if (decision == THAW_COPY)
			c->copied += pages;
	}
}

/* The page that a thread waits for. Whatever happens, either it is woken or the outcome says why not. */
static enum thaw_outcome install_demand(struct thaw_reader *r, const struct thaw_vma *vma,
					uint64_t address, int decision, const uint8_t *source)
{
	struct thaw_counters *c = &r->ref->counters;
	/* UFFDIO_POISON always wakes. */
	bool wake = decision == THAW_POISON || !thaw_follow_wakes_last(r);
	int64_t moved;
	int err = install(r, decision, address, source, THAW_PAGE_SIZE, wake, &moved);

	switch (err) {
	case 0:
		woken(r, address, decision, wake);
		count(r, decision, THAW_PAGE_SIZE, true);
		if (vma)
			mark_installed(r, vma, address, address + THAW_PAGE_SIZE);
		return THAW_DONE;
	case EEXIST:
		c->eexist++;
		if (vma && vma->kind == THAW_VMA_SHARED && decision == THAW_ZEROPAGE)
			return install_demand(r, vma, address, THAW_CONTINUE, NULL);
		if (vma)
			mark_installed(r, vma, address, address + THAW_PAGE_SIZE);
		if (wake)
			thaw_wake(r->uffd, address, THAW_PAGE_SIZE);
		woken(r, address, decision, wake);
		return THAW_DONE;
	case EAGAIN:
		c->eagain_events++;
		return THAW_EVENTS;
	case ENOENT:
		c->enoent++;
		return THAW_LAYOUT;
	case EFAULT:
		c->efault++;
		r->last_errno = err;
		r->last_decision = decision;
		return decision == THAW_CONTINUE ? THAW_HOLE : THAW_BUG;
	case ESRCH:
		return THAW_TARGET_GONE;
	case ENOMEM:
		return THAW_NO_MEMORY;
	default:
		r->last_errno = err;
		r->last_decision = decision;
		return THAW_BUG;
	}
}

static bool eligible(const struct thaw_reader *r, const struct thaw_vma *vma, uint64_t index,
		     int decision)
{
	uint8_t page = __atomic_load_n(&r->pager->pages[index], __ATOMIC_ACQUIRE);
	uint8_t space = r->bytes[index];

	if (space & THAW_SPACE_INSTALLED)
		return false;
	/* What nobody filled in shared memory is a hole, and zeros cost memory there. */
	if (vma->kind == THAW_VMA_SHARED && !(page & THAW_PAGE_FILLED))
		return false;
	return thaw_decide(UFFD_PAGEFAULT_FLAG_MINOR, page, space, vma->kind) == decision;
}

/* Installs [start, end), all eligible, without a waiter. Returns where it stopped. */
static uint64_t install_run(struct thaw_reader *r, const struct thaw_vma *vma, uint64_t start,
			    uint64_t end, int decision, enum thaw_outcome *outcome)
{
	struct thaw_counters *c = &r->ref->counters;
	uint64_t limit = end;

	while (start < end) {
		const uint8_t *source = NULL;
		int64_t moved;
		int err;

		if (decision == THAW_COPY) {
			source = thaw_pager_source(r->pager, vma, start);
			if (!source) {
				*outcome = THAW_BUG;
				return start;
			}
		}
		err = install(r, decision, start, source, limit - start, false, &moved);
		if (moved > 0) {
			count(r, decision, moved, false);
			mark_installed(r, vma, start, start + moved);
			start += moved;
			limit = end;
		}
		switch (err) {
		case 0:
			break;
		case EAGAIN:
			if (moved <= 0) {
				c->eagain_events++;
				*outcome = THAW_EVENTS;
				return start;
			}
			c->eagain_partial++;
			break;
		case EEXIST:
			c->eexist++;
			mark_installed(r, vma, start, start + THAW_PAGE_SIZE);
			start += THAW_PAGE_SIZE;
			limit = end;
			break;
		case EFAULT: /* a hole: the fault on it will tell more */
			c->efault++;
			start += THAW_PAGE_SIZE;
			limit = end;
			break;
		case ENOENT: /* mprotect has split the VMA: try a shorter run */
			c->enoent++;
			limit = start + ((limit - start) / 2 & ~(THAW_PAGE_SIZE - 1));
			if (limit == start) {
				*outcome = THAW_LAYOUT;
				return start;
			}
			break;
		default:
			*outcome = err == ESRCH	   ? THAW_TARGET_GONE
				   : err == ENOMEM ? THAW_NO_MEMORY
						   : THAW_BUG;
			return start;
		}
	}
	return start;
}

/* Installs what is eligible in [start, end), in at most RUNS_PER_FAULT runs. */
static void install_neighbours(struct thaw_reader *r, const struct thaw_vma *vma, uint64_t start,
			       uint64_t end, int decision)
{
	enum thaw_outcome outcome = THAW_DONE;

	for (int runs = 0; start < end && runs < RUNS_PER_FAULT && outcome == THAW_DONE;) {
		uint64_t index = thaw_vma_index(vma, start), stop = start;

		while (stop < end && eligible(r, vma, index, decision)) {
			stop += THAW_PAGE_SIZE;
			index++;
		}
		if (stop > start) {
			install_run(r, vma, start, stop, decision, &outcome);
			runs++;
		}
		start = stop + THAW_PAGE_SIZE;
	}
}

static struct thaw_window window(struct thaw_reader *r, const struct thaw_vma *vma,
				 uint64_t address, int decision)
{
	const struct thaw_session *s = r->pager->session;
	uint64_t pages = s->around_pages, max = s->around_max_pages;

	if (thaw_is_recording(r)) /* a neighbour would never show that it is touched */
		pages = max = 1;
	if (decision == THAW_COPY) {
		pages = pages < COPY_WINDOW ? pages : COPY_WINDOW;
		max = max < 4 * COPY_WINDOW ? max : 4 * COPY_WINDOW;
	}
	return thaw_pattern_window(r, vma, address, pages, max);
}

/* Single pages that the next faults are expected on. */
static void install_strided(struct thaw_reader *r, const struct thaw_vma *vma, uint64_t address,
			    const struct thaw_window *w, int decision)
{
	enum thaw_outcome outcome = THAW_DONE;

	for (uint64_t i = 1; i <= w->count && outcome == THAW_DONE; i++) {
		uint64_t at = address + i * w->stride;

		if (at < vma->start || at >= vma->end)
			return;
		if (eligible(r, vma, thaw_vma_index(vma, at), decision))
			install_run(r, vma, at, at + THAW_PAGE_SIZE, decision, &outcome);
		if (decision == THAW_COPY)
			thaw_give_back(r, vma, at, at + THAW_PAGE_SIZE);
	}
}

/*
 * The window and the faulting page in one go. Returns false where that did not install the page:
 * then it is to be installed alone.
 */
static bool install_together(struct thaw_reader *r, const struct thaw_vma *vma, uint64_t address,
			     struct thaw_window *w, int decision)
{
	uint64_t start = address, end = address + THAW_PAGE_SIZE;
	uint64_t index = thaw_vma_index(vma, address);
	const uint8_t *source = NULL;
	bool wake = !thaw_follow_wakes_last(r);
	int64_t moved;
	int err;

	while (start > w->start &&
	       eligible(r, vma, thaw_vma_index(vma, start - THAW_PAGE_SIZE), decision))
		start -= THAW_PAGE_SIZE;
	while (end < w->end && eligible(r, vma, index + ((end - address) >> THAW_PAGE_SHIFT), decision))
		end += THAW_PAGE_SIZE;
	if (decision == THAW_COPY)
		source = thaw_pager_source(r->pager, vma, start);
	if (end - start == THAW_PAGE_SIZE || (decision == THAW_COPY && !source))
		return false;
	err = install(r, decision, start, source, end - start, wake, &moved);
	if (err && (err != EAGAIN || moved <= 0))
		return false;
	if (err)
		r->ref->counters.eagain_partial++;
	else
		moved = end - start;
	mark_installed(r, vma, start, start + moved);
	if (start + moved <= address) {
		count(r, decision, moved, false);
		return false;
	}
	woken(r, address, decision, wake);
	count(r, decision, THAW_PAGE_SIZE, true);
	count(r, decision, moved - THAW_PAGE_SIZE, false);
	return true;
}

/* The part of a scan that comes next. */
static void install_ahead(struct thaw_reader *r, const struct thaw_vma *vma, uint64_t address,
			  int decision)
{
	struct thaw_window w = thaw_pattern_ahead(r, vma, address);

	install_neighbours(r, vma, w.start, w.end, decision);
	if (decision == THAW_COPY)
		thaw_give_back(r, vma, w.start, w.end);
}

/* Answers a fault: the page, and what the pattern of faults says should come with it. */
enum thaw_outcome thaw_install_fault(struct thaw_reader *r, const struct thaw_vma *vma,
				     uint64_t address, enum thaw_decision decision)
{
	const uint8_t *source = NULL;
	enum thaw_outcome outcome = THAW_DONE;
	struct thaw_window w;
	bool alone = decision == THAW_POISON || !vma || vma->index == THAW_NO_INDEX ||
		     r->bytes[thaw_vma_index(vma, address)] & THAW_SPACE_INSTALLED;

	if (decision == THAW_COPY) {
		source = thaw_pager_source(r->pager, vma, address);
		if (!source)
			return THAW_BUG;
	}
	if (alone) {
		outcome = install_demand(r, vma, address, decision, source);
		/* Installed already: two threads, or one that was faster than its neighbours. */
		if (outcome == THAW_DONE && decision == THAW_CONTINUE && vma)
			install_ahead(r, vma, address, decision);
		return outcome;
	}
	w = window(r, vma, address, decision);
	if (w.count)
		install_strided(r, vma, address, &w, decision);
	if (!(w.together || thaw_follow_wakes_last(r)) || !install_together(r, vma, address, &w, decision))
		outcome = install_demand(r, vma, address, decision, source);
	if (outcome != THAW_DONE)
		return outcome;
	install_neighbours(r, vma, address + THAW_PAGE_SIZE, w.end, decision);
	install_neighbours(r, vma, w.start, address, decision);
	if (decision == THAW_COPY)
		thaw_give_back(r, vma, w.start, w.end);
	install_ahead(r, vma, address, decision);
	return outcome;
}

/*
 * Zeros where no VMA of the table is: private memory grown in place, which sends no event, or what
 * mremap left behind. Where it ends is not known: a longer run is tried and may fail.
 */
enum thaw_outcome thaw_install_zero(struct thaw_reader *r, uint64_t address, uint64_t bound)
{
	enum thaw_outcome outcome = install_demand(r, NULL, address, THAW_ZEROPAGE, NULL);
	uint64_t pages = thaw_is_recording(r) ? 1 : r->pager->session->around_pages;
	uint64_t start = address + THAW_PAGE_SIZE;
	uint64_t end = (address & ~((pages << THAW_PAGE_SHIFT) - 1)) + (pages << THAW_PAGE_SHIFT);
	int64_t moved;

	if (end > bound)
		end = bound;
	if (outcome == THAW_DONE && start < end) {
		install(r, THAW_ZEROPAGE, start, NULL, end - start, false, &moved);
		if (moved > 0)
			count(r, THAW_ZEROPAGE, moved, false);
	}
	return outcome;
}

uint64_t thaw_install_slice(struct thaw_reader *r, const struct thaw_vma *vma, uint64_t address,
			    uint64_t pages, enum thaw_outcome *outcome)
{
	int decision = vma->kind == THAW_VMA_ANON ? THAW_COPY : THAW_CONTINUE;
	uint64_t index = thaw_vma_index(vma, address), stop = address;

	while (pages-- && stop < vma->end && eligible(r, vma, index, decision)) {
		stop += THAW_PAGE_SIZE;
		index++;
	}
	return install_run(r, vma, address, stop, decision, outcome);
}
