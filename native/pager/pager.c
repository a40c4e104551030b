/*
 * thaw-pager: a process that shares thaw-init's descriptor table (clone with CLONE_FILES, without
 * exec), so that the descriptor which reading a FORK event makes outlives it. Its main thread
 * starts a reader for each userfaultfd and lets go of the spaces of dead processes.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "pager.h"

/* How often the main thread looks for dead processes; thaw-init wakes it earlier when it reaps. */
#define PROBE_MILLIS 1000
/* How often it looks at readers that follow a thread. */
#define WATCH_MILLIS 1
/* How often it is looked whether there is again what there was too little of. */
#define SHORT_MILLIS 10
#define MFD_CLOEXEC_FLAG 1u

static struct thaw_pager pager;

static void *map_shared(int fd, size_t bytes, int prot)
{
	void *p = mmap(NULL, bytes, prot, MAP_SHARED | MAP_NORESERVE, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

const struct thaw_slot *thaw_slot_of(const struct thaw_session *s, uint32_t backing, uint64_t index)
{
	uint32_t low = s->backings[backing].first_slot;
	uint32_t high = low + s->backings[backing].slot_count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (index < s->slots[mid].index)
			high = mid;
		else if (index >= s->slots[mid].index + s->slots[mid].page_count)
			low = mid + 1;
		else
			return &s->slots[mid];
	}
	return NULL;
}

/* Where the content of `address` can be read in this process: a mapping of the memfd's slot. */
const uint8_t *thaw_pager_source(struct thaw_pager *p, const struct thaw_vma *vma, uint64_t address)
{
	uint64_t index = thaw_vma_index(vma, address);
	const struct thaw_slot *slot = thaw_slot_of(p->session, vma->backing, index);
	const uint8_t **at, *map, *expected = NULL;

	if (!slot)
		return NULL;
	at = &p->slot_maps[slot - p->session->slots];
	map = __atomic_load_n(at, __ATOMIC_ACQUIRE);
	if (!map) {
		void *fresh = mmap(NULL, slot->page_count << THAW_PAGE_SHIFT, PROT_READ,
				   MAP_SHARED | MAP_NORESERVE,
				   p->session->backings[vma->backing].fd,
				   (off_t)(slot->first_page << THAW_PAGE_SHIFT));

		if (fresh == MAP_FAILED)
			return NULL;
		if (__atomic_compare_exchange_n(at, &expected, fresh, false, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE)) {
			map = fresh;
		} else { /* another reader was faster */
			munmap(fresh, slot->page_count << THAW_PAGE_SHIFT);
			map = expected;
		}
	}
	return map + ((index - slot->index) << THAW_PAGE_SHIFT);
}

struct thaw_space_ref *thaw_session_claim(struct thaw_session *s)
{
	for (uint32_t i = 0; i < THAW_MAX_SPACES; i++) {
		struct thaw_space_ref *ref = &s->spaces[i];
		uint32_t free = THAW_SPACE_FREE, used;

		if (!__atomic_compare_exchange_n(&ref->state, &free, THAW_SPACE_CREATING, false,
						 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			continue;
		ref->uffd = ref->table_fd = ref->filled_eventfd = -1;
		ref->pid = 0;
		ref->flags = ref->parent = 0;
		ref->ring_head = ref->ring_tail = 0;
		ref->generation++;
		memset(&ref->counters, 0, sizeof(ref->counters));
		used = __atomic_load_n(&s->space_count, __ATOMIC_ACQUIRE);
		while (used <= i && !__atomic_compare_exchange_n(&s->space_count, &used, i + 1,
								 false, __ATOMIC_ACQ_REL,
								 __ATOMIC_ACQUIRE))
			;
		return ref;
	}
	return NULL;
}

/* The table forgets the number first: a kill in between leaks it, and nobody closes it twice. */
static void close_if_open(int32_t *fd)
{
	int number = __atomic_exchange_n(fd, -1, __ATOMIC_ACQ_REL);

	if (number >= 0)
		close(number);
}

static void add_counters(struct thaw_counters *sum, const struct thaw_counters *c)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)c;

	for (size_t i = 0; i < sizeof(*c) / sizeof(*to); i++)
		to[i] += from[i];
}

static void close_all(struct thaw_space_ref *ref)
{
	close_if_open(&ref->uffd);
	close_if_open(&ref->table_fd);
	close_if_open(&ref->filled_eventfd);
}

static void release(struct thaw_session *s, struct thaw_space_ref *ref)
{
	__atomic_store_n(&ref->state, THAW_SPACE_GONE, __ATOMIC_RELEASE);
	close_all(ref);
	add_counters(&s->gone, &ref->counters);
	memset(&ref->counters, 0, sizeof(ref->counters));
	thaw_latency_release(&s->latency_gone, &s->latency[ref - s->spaces]);
	__atomic_store_n(&ref->state, THAW_SPACE_FREE, __ATOMIC_RELEASE);
}

/* The child that this FORK event is about, if a reader before us has made its space. */
static bool fork_is_applied(const struct thaw_session *s, uint32_t parent, uint64_t seq,
			    unsigned int slot)
{
	uint32_t used = __atomic_load_n(&s->space_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < used; i++) {
		const struct thaw_space_ref *ref = &s->spaces[i];

		if (__atomic_load_n(&ref->state, __ATOMIC_ACQUIRE) != THAW_SPACE_CREATING &&
		    ref->parent == parent && ref->parent_seq == seq && ref->parent_slot == slot)
			return true;
	}
	return false;
}

/* A space as the parent's is now. ENOSPC, EMFILE, ENFILE, ENOMEM: there may be room later. */
static int make_child(struct thaw_reader *parent, int uffd, unsigned int journal_slot)
{
	struct thaw_session *s = parent->pager->session;
	const uint64_t one = 1;
	struct thaw_space_ref *ref = thaw_session_claim(s);
	struct thaw_space *child;
	int err;

	if (!ref)
		return -ENOSPC;
	ref->table_fd = syscall(SYS_memfd_create, "thaw-space", MFD_CLOEXEC_FLAG);
	if (ref->table_fd < 0)
		goto out;
	ref->filled_eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ref->filled_eventfd < 0)
		goto out;
	if (ftruncate(ref->table_fd, THAW_SPACE_BYTES))
		goto out;
	child = map_shared(ref->table_fd, THAW_SPACE_BYTES, PROT_READ | PROT_WRITE);
	if (!child)
		goto out;
	thaw_space_copy(parent->space, child);
	munmap(child, THAW_SPACE_BYTES);
	ref->parent = parent->id + 1;
	ref->parent_seq = parent->space->journal_seq;
	ref->parent_slot = journal_slot;
	ref->flags = parent->ref->flags;
	ref->uffd = uffd;
	__atomic_store_n(&ref->state, THAW_SPACE_READY, __ATOMIC_RELEASE);
	return write(s->pager_eventfd, &one, sizeof(one)) == sizeof(one) ? 0 : -errno;
out:
	err = -errno;
	close_all(ref);
	__atomic_store_n(&ref->state, THAW_SPACE_FREE, __ATOMIC_RELEASE);
	return err;
}

/* The main thread looks for the dead, who give room, and so do we, later. */
void thaw_pager_await_room(void)
{
	const struct timespec pause = {0, SHORT_MILLIS * 1000000};
	const uint64_t one = 1;

	if (write(pager.session->pager_eventfd, &one, sizeof(one)) < 0)
		return; /* it is about to look anyway */
	nanosleep(&pause, NULL);
}

/*
 * A FORK event: the child's space is a copy of the parent's, at this point of the events. The event is
 * read, and what is read next would take its place in the journal: while there is no room for a child,
 * nothing else is done here, also when the parent is dead. The main thread lets go of spaces meanwhile.
 */
int thaw_pager_fork(struct thaw_reader *parent, int uffd, unsigned int journal_slot)
{
	int err;

	if (fork_is_applied(parent->pager->session, parent->id + 1, parent->space->journal_seq,
			    journal_slot))
		return 0;
	for (;;) {
		err = make_child(parent, uffd, journal_slot);
		if (!thaw_is_shortage(err) && err != -ENOSPC)
			return err;
		thaw_follow_stop(parent);
		thaw_pager_await_room();
	}
}

static int start_reader(unsigned int id)
{
	struct thaw_space_ref *ref = &pager.session->spaces[id];
	struct thaw_reader *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attr;
	int err;

	if (r == MAP_FAILED)
		return -errno;
	r->pager = &pager;
	r->ref = ref;
	r->id = id;
	r->uffd = ref->uffd;
	r->owes_pages = ref->counters.prefaulted != 0;
	r->filler_generation = pager.session->filler_generation;
	r->space = map_shared(ref->table_fd, THAW_SPACE_BYTES, PROT_READ | PROT_WRITE);
	if (!r->space) {
		err = errno;
		goto out;
	}
	r->bytes = thaw_space_pages(r->space);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 << 10);
	pager.readers[id] = r;
	err = pthread_create(&r->thread, &attr, thaw_reader_main, r);
	pthread_attr_destroy(&attr);
	if (!err)
		return 0;
	pager.readers[id] = NULL;
	munmap(r->space, THAW_SPACE_BYTES);
out:
	munmap(r, sizeof(*r));
	return -err;
}

/* Interrupts a reader whose process is gone, wherever it is; watch_readers() does until it has ended. */
static void tell_to_stop(struct thaw_reader *r)
{
	__atomic_store_n(&r->stop, 1, __ATOMIC_RELEASE);
	pthread_kill(r->thread, SIGUSR1);
}

/* Lets go of the space of a reader that has finished. */
static void end_reader(struct thaw_reader *r)
{
	unsigned int id = r->id;

	pthread_join(r->thread, NULL);
	munmap(r->space, THAW_SPACE_BYTES);
	pager.readers[id] = NULL;
	release(pager.session, r->ref);
	munmap(r, sizeof(*r));
}

/* Interrupts a reader that waits for messages, again and again until it has seen why. */
static void tell_to_settle(struct thaw_reader *r)
{
	if (__atomic_load_n(&r->settling, __ATOMIC_ACQUIRE))
		return;
	__atomic_store_n(&r->settle, 1, __ATOMIC_RELEASE);
	pthread_kill(r->thread, SIGUSR1);
}

/* A new space whose reader cannot begin yet: its threads wait, as they do for a page. */
static bool begin_reading(unsigned int id)
{
	int err = start_reader(id);

	if (!err)
		return true;
	if (!thaw_is_shortage(err) && err != -EAGAIN) { /* its threads would wait for ever */
		pager.session->fatal_errno = -err;
		__atomic_store_n(&pager.session->fatal, 1, __ATOMIC_RELEASE);
		_exit(3);
	}
	return false;
}

/* Returns false where there was too little of something, and it is to be tried again. */
static bool look_at_spaces(void)
{
	/* What nobody has touched must not be installed while that is recorded. */
	bool filled = __atomic_load_n(&pager.session->fill_done, __ATOMIC_ACQUIRE) &&
		      !thaw_touches_recording(pager.touches);
	uint32_t used = __atomic_load_n(&pager.session->space_count, __ATOMIC_ACQUIRE);
	bool all = true;

	for (uint32_t i = 0; i < used; i++) {
		uint32_t state = __atomic_load_n(&pager.session->spaces[i].state, __ATOMIC_ACQUIRE);
		struct thaw_reader *r = pager.readers[i];

		if (!r && state == THAW_SPACE_READY)
			all &= begin_reading(i);
		else if (r && __atomic_load_n(&r->finished, __ATOMIC_ACQUIRE))
			end_reader(r);
		else if (r && thaw_process_gone(r->uffd))
			tell_to_stop(r);
		else if (r && filled)
			tell_to_settle(r);
	}
	return all;
}

/* Whether a reader follows a thread, or is to end, and is to be looked at again soon. */
static bool watch_readers(void)
{
	uint32_t used = __atomic_load_n(&pager.session->space_count, __ATOMIC_ACQUIRE);
	bool again = false;

	for (uint32_t i = 0; i < used; i++) {
		struct thaw_reader *r = pager.readers[i];

		if (!r)
			continue;
		again |= thaw_follow_watch(r);
		/* Again and again: the signal may have come just before its read(2). */
		if (r->stop && !__atomic_load_n(&r->finished, __ATOMIC_ACQUIRE)) {
			pthread_kill(r->thread, SIGUSR1);
			again = true;
		}
	}
	return again;
}

/* Looks at the readers that need it until none does, or something has happened, or `millis` are over. */
static int wait_and_watch(int millis)
{
	struct pollfd wake = {pager.session->pager_eventfd, POLLIN, 0};
	uint64_t until = thaw_now() + millis * 1000000ull;
	bool again;
	int ready;

	do {
		again = watch_readers();
		ready = poll(&wake, 1, again ? WATCH_MILLIS : millis);
	} while (!ready && again && thaw_now() < until);
	return ready;
}

/*
 * Every address space is gone or needs nothing more of us, and at least one has graduated. Where
 * thaw-init and thaw-keeper were killed together, nobody else would end us.
 */
static bool may_retire(pid_t parent)
{
	const struct thaw_session *s = pager.session;
	uint32_t used = __atomic_load_n(&s->space_count, __ATOMIC_ACQUIRE);
	bool graduated = false;

	for (uint32_t i = 0; i < used; i++) {
		if (__atomic_load_n(&s->spaces[i].state, __ATOMIC_ACQUIRE) != THAW_SPACE_FREE)
			return false;
		graduated |= s->spaces[i].flags & THAW_SPACE_GRADUATED;
	}
	return graduated || getppid() != parent;
}

/* The memfds are closed too: for private memory nobody else has them, and their pages go. */
_Noreturn static void retire(void)
{
	struct thaw_session *s = pager.session;

	__atomic_store_n(&s->serving, THAW_RETIRED, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < s->backing_count; i++)
		close_if_open(&s->backings[i].fd);
	_exit(0);
}

/* A fork event that a pager before us had begun to apply is applied anew, from the journal. */
static void drop_half_made(struct thaw_session *s)
{
	for (uint32_t i = 0; i < s->space_count; i++) {
		if (s->spaces[i].state == THAW_SPACE_CREATING) {
			s->spaces[i].uffd = -1; /* the journal still names it */
			release(s, &s->spaces[i]);
		} else if (s->spaces[i].state == THAW_SPACE_GONE) {
			release(s, &s->spaces[i]);
		}
	}
}

/*
 * There must never be two pagers. Who takes our parent's place ends the one that it finds noted; one
 * that is not noted by then finds its parent gone, and is not needed.
 */
static void be_the_only_one(pid_t parent)
{
	if (getppid() != parent)
		_exit(0);
	__atomic_store_n(&pager.session->pager_pid, getpid(), __ATOMIC_SEQ_CST);
	if (getppid() != parent)
		_exit(0);
}

static void nothing(int signal)
{
	(void)signal;
}

void thaw_pager_main(int session_fd, pid_t parent)
{
	struct sigaction interrupt = {.sa_handler = nothing};
	sigset_t set;

	prctl(PR_SET_NAME, "thaw-pager");
	sigaction(SIGUSR1, &interrupt, NULL); /* without SA_RESTART: read(2) returns */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	pager.session =
		map_shared(session_fd, sizeof(struct thaw_session), PROT_READ | PROT_WRITE);
	if (!pager.session)
		_exit(3);
	be_the_only_one(parent);
	pager.pages = map_shared(pager.session->pages_fd, THAW_MAX_PAGES, PROT_READ);
	if (!pager.pages)
		_exit(3);
	pager.touches =
		map_shared(pager.session->touches_fd, THAW_TOUCHES_BYTES, PROT_READ | PROT_WRITE);
	if (!pager.touches)
		_exit(3);
	drop_half_made(pager.session);
	for (;;) {
		bool all = look_at_spaces();
		uint64_t n;
		int ready;

		if (may_retire(parent))
			retire();
		ready = wait_and_watch(all ? PROBE_MILLIS : SHORT_MILLIS);
		if (ready > 0 && read(pager.session->pager_eventfd, &n, sizeof(n)) < 0 &&
		    errno != EAGAIN)
			_exit(3);
	}
}
