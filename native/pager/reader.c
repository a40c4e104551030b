/*
 * One reader thread per userfaultfd. It alone reads the messages and installs pages, so that
 * "read an event and record it" and "install" exclude each other: the program's madvise goes on as
 * soon as its event is read, and an install in between would bring dropped content back.
 *
 * Events are applied as soon as they are read, before any fault of the same read(2): read() hands
 * out faults before older events. Faults are kept in memory only: after a death everything is
 * woken, and who still waits faults again.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pager.h"

/* A lost fill request is put again after so long; it is lost only if a filler died. */
#define WAIT_MILLIS 20

static void set_nonblocking(struct thaw_reader *r, bool on)
{
	if (r->nonblocking == on)
		return;
	fcntl(r->uffd, F_SETFL, on ? O_NONBLOCK : 0);
	r->nonblocking = on;
}

static void apply_remove(struct thaw_reader *r, uint64_t start, uint64_t end)
{
	const struct thaw_space *s = r->space;
	unsigned int array = thaw_space_current(s);
	const struct thaw_vma *v = thaw_space_floor(s, start);
	const struct thaw_vma *last = s->vmas[array] + s->vma_count[array];

	for (v = v ? v : s->vmas[array]; v < last && v->start < end; v++) {
		uint64_t from = v->start > start ? v->start : start;
		uint64_t to = v->end < end ? v->end : end;
		uint64_t index = thaw_vma_index(v, from);

		if (from >= to || index == THAW_NO_INDEX)
			continue;
		for (uint64_t n = (to - from) >> THAW_PAGE_SHIFT; n; n--, index++) {
			/* Shared content stays; a page that was punched shows as a hole. */
			if (v->kind == THAW_VMA_SHARED)
				r->bytes[index] &= ~THAW_SPACE_INSTALLED;
			else
				r->bytes[index] = THAW_SPACE_DROPPED;
		}
	}
}

/* A shared VMA grows in place without an event; `end` lies behind it. Returns the grown VMA. */
static const struct thaw_vma *grow_shared(struct thaw_reader *r, const struct thaw_vma *vma,
					  uint64_t end)
{
	const struct thaw_slot *slot = thaw_slot_of(r->pager->session, vma->backing, vma->index);
	uint64_t limit;

	if (!slot)
		return NULL;
	limit = vma->start +
		((slot->index + slot->page_count - vma->index) << THAW_PAGE_SHIFT);
	if (vma->end >= limit)
		return NULL;
	thaw_space_extend(r->space, vma, end < limit ? end : limit);
	return thaw_space_floor(r->space, end - THAW_PAGE_SIZE);
}

static int apply_remap(struct thaw_reader *r, const struct uffd_msg *m, unsigned int applied)
{
	uint64_t from = m->arg.remap.from, len = m->arg.remap.len;
	const struct thaw_vma *vma = thaw_space_floor(r->space, from + len - THAW_PAGE_SIZE);

	if (vma && vma->kind == THAW_VMA_SHARED && vma->end > from && vma->end < from + len)
		grow_shared(r, vma, from + len);
	return thaw_space_remap(r->space, from, m->arg.remap.to, len, applied);
}

static int apply(struct thaw_reader *r, unsigned int slot)
{
	const struct uffd_msg *m = &r->space->journal[slot];
	int err = 0;

	r->ref->counters.events++;
	switch (m->event) {
	case UFFD_EVENT_FORK:
		err = thaw_pager_fork(r, m->arg.fork.ufd, slot);
		break;
	case UFFD_EVENT_REMAP:
		return apply_remap(r, m, slot + 1);
	case UFFD_EVENT_REMOVE:
		apply_remove(r, m->arg.remove.start, m->arg.remove.end);
		break;
	case UFFD_EVENT_UNMAP:
		return thaw_space_unmap(r->space, m->arg.remove.start, m->arg.remove.end, slot + 1,
					&r->ref->counters.lost_maps);
	default:
		break;
	}
	if (!err)
		thaw_space_mark_applied(r->space, slot + 1);
	return err;
}

static int apply_journal(struct thaw_reader *r)
{
	const struct uffd_msg *journal = r->space->journal;

	for (unsigned int i = thaw_space_applied(r->space); i < THAW_JOURNAL_SIZE; i++) {
		int err;

		if (!journal[i].event || journal[i].event == UFFD_EVENT_PAGEFAULT)
			continue;
		err = apply(r, i);
		if (err)
			return err;
	}
	return 0;
}

/* The fault stays as it is and comes back. */
static void send_back(struct thaw_reader *r, uint64_t address, uint64_t read_nanos)
{
	thaw_wake(r->uffd, address, THAW_PAGE_SIZE);
	thaw_latency_add(r, THAW_FAULT_NO_PAGE, read_nanos);
}

static void keep_fault(struct thaw_reader *r, const struct uffd_msg *m, uint64_t read_nanos)
{
	uint64_t page = m->arg.pagefault.address & ~(THAW_PAGE_SIZE - 1);

	r->ref->counters.faults++;
	if (r->pending_count == THAW_PENDING_MAX) {
		send_back(r, page, read_nanos);
		return;
	}
	r->pending[r->pending_count].address = page;
	r->pending[r->pending_count].read_nanos = read_nanos;
	r->pending[r->pending_count].thread = m->arg.pagefault.feat.ptid;
	r->pending[r->pending_count].requested = r->pending[r->pending_count].waited = false;
	r->pending[r->pending_count++].flags = m->arg.pagefault.flags;
}

int thaw_reader_read(struct thaw_reader *r, bool block)
{
	struct thaw_space *s = r->space;
	uint64_t now;
	ssize_t n;

	set_nonblocking(r, !block);
	memset(s->journal, 0, sizeof(s->journal));
	__atomic_store_n(&s->journal_seq, s->journal_seq + 1, __ATOMIC_RELEASE);
	n = read(r->uffd, s->journal, sizeof(s->journal));
	if (n < 0)
		return -errno;
	now = thaw_now();
	for (unsigned int i = 0; i < n / sizeof(struct uffd_msg); i++) {
		if (s->journal[i].event == UFFD_EVENT_PAGEFAULT)
			keep_fault(r, &s->journal[i], now);
	}
	return apply_journal(r);
}

/* Asks the filler for the page. Returns false where the ring is full. */
static bool request_fill(struct thaw_reader *r, uint64_t index, uint64_t address, bool refill)
{
	struct thaw_space_ref *ref = r->ref;
	uint32_t head = ref->ring_head;
	const uint64_t one = 1;

	if (head - __atomic_load_n(&ref->ring_tail, __ATOMIC_ACQUIRE) == THAW_RING_SIZE)
		return false;
	ref->ring[head % THAW_RING_SIZE].index = index;
	ref->ring[head % THAW_RING_SIZE].address = address;
	ref->ring[head % THAW_RING_SIZE].flags = refill ? THAW_REQUEST_REFILL : 0;
	__atomic_store_n(&ref->ring_head, head + 1, __ATOMIC_RELEASE);
	return write(r->pager->session->request_eventfd, &one, sizeof(one)) == sizeof(one);
}

static void wait_for_fill(struct thaw_reader *r, struct thaw_fault fault, uint64_t index)
{
	r->ref->counters.fill_waits += !fault.requested;
	fault.waited = true;
	if (!fault.requested)
		fault.requested =
			request_fill(r, index, fault.address, fault.flags & THAW_FAULT_HOLE);
	/* THAW_PENDING_MAX bounds both: a thread waits for one page at a time. */
	if (r->waiting_count < THAW_PENDING_MAX)
		r->waiting[r->waiting_count++] = fault;
	else
		send_back(r, fault.address, fault.read_nanos);
}

/* `vma` is the last below `address`: returns what it has grown to if that is where the page is. */
static const struct thaw_vma *grown_shared(struct thaw_reader *r, const struct thaw_vma *vma,
					   uint64_t address)
{
	uint64_t last = vma->end - THAW_PAGE_SIZE, end = address + THAW_PAGE_SIZE;

	if (!thaw_is_one_vma(r->uffd, last, end))
		return NULL;
	vma = grow_shared(r, vma, end);
	return vma && address < vma->end ? vma : NULL;
}

/* Looks a fault up and answers it, once. */
static enum thaw_outcome answer(struct thaw_reader *r, struct thaw_fault *fault)
{
	const struct thaw_vma *vma = thaw_space_floor(r->space, fault->address);
	uint64_t index;
	int decision;

	if (vma && fault->address >= vma->end)
		vma = vma->kind == THAW_VMA_SHARED ? grown_shared(r, vma, fault->address) : NULL;
	if (!vma)
		return thaw_install_zero(r, fault->address,
					 thaw_space_next_start(r->space, fault->address));
	if (vma->kind == THAW_VMA_ZERO)
		return thaw_install_zero(r, fault->address, vma->end);
	index = thaw_vma_index(vma, fault->address);
	if (index == THAW_NO_INDEX)
		return thaw_install_zero(r, fault->address, vma->end);
	decision = thaw_decide(fault->flags,
			       __atomic_load_n(&r->pager->pages[index], __ATOMIC_ACQUIRE),
			       r->bytes[index], vma->kind);
	if (thaw_is_recording(r))
		thaw_record_touch(r, fault, index, decision == THAW_ZEROPAGE);
	if (decision == THAW_FILL_FIRST) {
		wait_for_fill(r, *fault, index);
		return THAW_DONE;
	}
	return thaw_install_fault(r, vma, fault->address, decision);
}

void thaw_reader_fail_stop(struct thaw_reader *r, int err)
{
	struct thaw_session *s = r->pager->session;

	__atomic_store_n(&s->fatal_errno, (uint32_t)err, __ATOMIC_RELAXED);
	__atomic_store_n(&s->fatal, 1, __ATOMIC_RELEASE);
	_exit(3); /* thaw-init kills the tree, then lets go of the userfaultfds */
}

void thaw_reader_wait_for_event(struct thaw_reader *r, unsigned int tries)
{
	int err = thaw_reader_read(r, false);

	if (!err)
		return;
	if (err != -EAGAIN && err != -EINTR && !thaw_is_shortage(err))
		thaw_reader_fail_stop(r, -err);
	if (tries < 10) {
		sched_yield();
	} else {
		const struct timespec pause = {0, 50000};

		nanosleep(&pause, NULL);
	}
}

static uint64_t pages_installed(const struct thaw_reader *r)
{
	const struct thaw_counters *c = &r->ref->counters;

	return c->demand + c->ahead + c->zero;
}

static void handle(struct thaw_reader *r, struct thaw_fault fault)
{
	r->read_nanos = fault.read_nanos;
	r->waited = fault.waited;
	for (unsigned int tries = 0; !r->gone; tries++) {
		uint64_t before = pages_installed(r);

		switch (answer(r, &fault)) {
		case THAW_DONE:
			thaw_follow_answered(r, &fault, pages_installed(r) - before);
			thaw_wake_owed(r);
			return;
		case THAW_EVENTS:
			thaw_reader_wait_for_event(r, tries);
			break;
		case THAW_LAYOUT:
			/* The thread is alive and the place is not ours: let it look for itself. */
			send_back(r, fault.address, fault.read_nanos);
			return;
		case THAW_HOLE:
			fault.flags |= THAW_FAULT_HOLE;
			fault.requested = false;
			break;
		case THAW_TARGET_GONE:
			r->gone = true;
			return;
		case THAW_NO_MEMORY:
			thaw_reader_fail_stop(r, ENOMEM);
			return;
		case THAW_BUG:
			dprintf(2,
				"thaw-pager: pid %d: page %#llx cannot be installed (decision %d, "
				"errno %d): poisoned\n",
				r->ref->pid, (unsigned long long)fault.address, r->last_decision,
				r->last_errno);
			if (thaw_install_fault(r, NULL, fault.address, THAW_POISON) == THAW_BUG)
				thaw_reader_fail_stop(r, EINVAL);
			return;
		}
	}
}

static void handle_pending(struct thaw_reader *r)
{
	/* handle() may read more: they are appended. */
	for (unsigned int i = 0; i < r->pending_count && !r->gone; i++)
		handle(r, r->pending[i]);
	r->pending_count = 0;
}

static void look_at_waiting(struct thaw_reader *r)
{
	unsigned int n = r->waiting_count;
	uint32_t generation =
		__atomic_load_n(&r->pager->session->filler_generation, __ATOMIC_ACQUIRE);
	bool lost = generation != r->filler_generation;

	r->filler_generation = generation;
	/* handle() puts those that still wait behind the n. */
	for (unsigned int i = 0; i < n && !r->gone; i++) {
		struct thaw_fault fault = r->waiting[i];

		if (lost)
			fault.requested = false;
		fault.flags &= ~THAW_FAULT_HOLE;
		handle(r, fault);
	}
	memmove(r->waiting, r->waiting + n, (r->waiting_count - n) * sizeof(r->waiting[0]));
	r->waiting_count -= n;
}

/* Waits for a message or for a page that a fault waits for. */
static void wait_for_either(struct thaw_reader *r)
{
	struct pollfd fds[2] = {{r->uffd, POLLIN, 0}, {r->ref->filled_eventfd, POLLIN, 0}};
	uint64_t n;

	set_nonblocking(r, true);
	if (poll(fds, 2, WAIT_MILLIS) < 0)
		return;
	if (fds[1].revents & POLLIN && read(r->ref->filled_eventfd, &n, sizeof(n)) < 0)
		return; /* another one has read it: the faults are looked at anyway */
}

/* Whether there is work to be done in the background. */
static bool settles(struct thaw_reader *r)
{
	if (r->drained || !__atomic_load_n(&r->settle, __ATOMIC_ACQUIRE))
		return false;
	__atomic_store_n(&r->settling, 1, __ATOMIC_RELEASE);
	return true;
}

/* One round of the loop: read, wait or work in the background. */
static int next_messages(struct thaw_reader *r)
{
	int err;

	/* Read while a fault that had waited was answered: its thread may be the only one left. */
	if (r->pending_count)
		return 0;
	if (!r->waiting_count && !settles(r)) {
		thaw_follow_reading(r, true);
		err = thaw_reader_read(r, true);
		thaw_follow_reading(r, false);
		return err;
	}
	thaw_follow_stop(r);
	err = thaw_reader_read(r, false);
	if (err != -EAGAIN)
		return err;
	if (!settles(r) || !thaw_settle_slice(r)) {
		if (!r->gone && r->waiting_count)
			wait_for_either(r);
	}
	return -EAGAIN;
}

void *thaw_reader_main(void *arg)
{
	struct thaw_reader *r = arg;
	const uint64_t one = 1;
	int err = apply_journal(r);

	thaw_follow_init(r);
	r->ref->counters.replays++;
	if (err)
		thaw_reader_fail_stop(r, -err);
	r->nonblocking = true;
	set_nonblocking(r, false);
	thaw_wake_all(r->uffd);
	while (!r->gone && !__atomic_load_n(&r->stop, __ATOMIC_ACQUIRE)) {
		err = next_messages(r);
		if (thaw_is_shortage(err)) { /* a FORK needs a descriptor, and its fork waits for it */
			thaw_pager_await_room();
		} else if (err && err != -EAGAIN && err != -EINTR) {
			thaw_reader_fail_stop(r, -err);
		}
		handle_pending(r);
		if (r->waiting_count)
			look_at_waiting(r);
	}
	thaw_follow_stop(r);
	__atomic_store_n(&r->finished, 1, __ATOMIC_RELEASE);
	if (write(r->pager->session->pager_eventfd, &one, sizeof(one)) < 0)
		return NULL; /* it looks every second, too */
	return NULL;
}
