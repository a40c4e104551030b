/*
 * Threads that use lazily restored memory in every way at random, and compare every word of it with
 * a model: a shadow of each page in ordinary memory. Seeded; says at which step it found what.
 *
 * A thread owns its areas; nobody else touches them. An area is one mapping of pages, each with its
 * shadow; mapping operations move, split, shrink and grow areas.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "setup.h"
#include "thaw_tables.h"

#define MAX_AREAS 24
#define MAX_PAGES 2048
#define MAX_THREADS 16
#define ARENA_PAGES 16384ul /* per thread: where FIXED moves go */
#define ARENA_BASE 0x200000000000ul

struct page {
	uint64_t *shadow; /* NULL: zeros */
	bool poisoned;
};

struct area {
	char *addr;
	uint32_t count;
	int kind;
	struct page *pages;
};

struct worker {
	pthread_t thread;
	unsigned int id;
	uint64_t random;
	uint64_t steps;
	const char *doing;
	struct area areas[MAX_AREAS];
	unsigned int area_count;
	int pipe[2];
	uint64_t buffer[WORDS * 16];
	sigjmp_buf on_sigbus;
	volatile sig_atomic_t expecting;
	pid_t child; /* runs beside us; 0 for none */
};

static struct model_config config;
static struct worker workers[MAX_THREADS];
static __thread struct worker *self;
static struct timespec deadline;
static uint64_t zeros[WORDS];

static uint64_t rnd(struct worker *w)
{
	return w->random = mix(w->random);
}

static uint64_t below(struct worker *w, uint64_t bound)
{
	return rnd(w) % bound;
}

static void on_sigbus(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	if (self && self->expecting)
		siglongjmp(self->on_sigbus, 1);
	die("seed %llu thread %u step %llu (%s): SIGBUS at %p", (unsigned long long)config.seed,
	    self ? self->id : 99, self ? (unsigned long long)self->steps : 0,
	    self ? self->doing : "?", info->si_addr);
}

static uint64_t *new_page(void)
{
	uint64_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("shadow");
	return p;
}

static void forget(struct page *p)
{
	if (p->shadow)
		munmap(p->shadow, PAGE);
	p->shadow = NULL;
	p->poisoned = false;
}

static const uint64_t *expected(const struct page *p)
{
	return p->shadow ? p->shadow : zeros;
}

__attribute__((noreturn)) static void mismatch(struct worker *w, struct area *a, uint32_t i,
					       const uint64_t *found)
{
	const uint64_t *want = expected(&a->pages[i]);
	unsigned int at = 0;

	while (at < WORDS - 1 && found[at] == want[at])
		at++;
	errno = 0;
	die("seed %llu thread %u step %llu (%s) pid %d: area %p+%u kind %d page %u word %u: "
	    "found %#llx, expected %#llx",
	    (unsigned long long)config.seed, w->id, (unsigned long long)w->steps, w->doing,
	    getpid(), a->addr, a->count, a->kind, i, at, (unsigned long long)found[at],
	    (unsigned long long)want[at]);
}

/* Touches a page that is to give SIGBUS. */
static void check_poisoned(struct worker *w, struct area *a, uint32_t i)
{
	volatile uint64_t *p = (void *)(a->addr + i * PAGE);

	w->expecting = 1;
	if (!sigsetjmp(w->on_sigbus, 1)) {
		if (below(w, 2))
			*p = 1;
		else
			(void)*p;
		w->expecting = 0;
		errno = 0;
		die("seed %llu thread %u step %llu: no SIGBUS at %p, found %#llx",
		    (unsigned long long)config.seed, w->id, (unsigned long long)w->steps,
		    (void *)p, (unsigned long long)*p);
	}
	w->expecting = 0;
}

static void check_page(struct worker *w, struct area *a, uint32_t i)
{
	const uint64_t *p = (void *)(a->addr + i * PAGE);

	if (a->pages[i].poisoned)
		check_poisoned(w, a, i);
	else if (memcmp(p, expected(&a->pages[i]), PAGE))
		mismatch(w, a, i, p);
}

static void check_all(struct worker *w, bool with_shared)
{
	for (unsigned int n = 0; n < w->area_count; n++) {
		struct area *a = &w->areas[n];

		for (uint32_t i = 0; i < a->count; i++) {
			if (with_shared || a->kind != THAW_VMA_SHARED)
				check_page(w, a, i);
		}
	}
}

static struct area *some_area(struct worker *w)
{
	return &w->areas[below(w, w->area_count)];
}

/* A random part of an area: at least one page. */
static void some_range(struct worker *w, const struct area *a, uint32_t max, uint32_t *from,
		       uint32_t *count)
{
	*from = below(w, a->count);
	*count = 1 + below(w, max < a->count - *from ? max : a->count - *from);
}

static void op_read(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t from, count;

	some_range(w, a, 64, &from, &count);
	for (uint32_t i = from; i < from + count; i++)
		check_page(w, a, i);
}

static void op_write(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t from, count;

	some_range(w, a, 8, &from, &count);
	for (uint32_t i = from; i < from + count; i++) {
		struct page *p = &a->pages[i];
		uint64_t word = below(w, WORDS), value = rnd(w);

		if (p->poisoned) {
			check_poisoned(w, a, i);
			continue;
		}
		if (!p->shadow)
			p->shadow = new_page();
		p->shadow[word] = value;
		((volatile uint64_t *)(a->addr + i * PAGE))[word] = value;
		if (below(w, 4) == 0)
			check_page(w, a, i);
	}
}

/* The kernel reads the page for us, and writes it: faults in kernel mode. */
static void op_syscall(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t i = below(w, a->count);
	struct page *p = &a->pages[i];
	char *at = a->addr + i * PAGE;
	bool poisoned = p->poisoned;
	ssize_t n = write(w->pipe[1], at, PAGE);

	if (poisoned) {
		if (n != -1 || errno != EFAULT)
			die("thread %u: write from a lost page gave %zd", w->id, n);
		return;
	}
	if (n != PAGE || read(w->pipe[0], w->buffer, PAGE) != PAGE)
		die("thread %u: pipe", w->id);
	if (memcmp(w->buffer, expected(p), PAGE))
		mismatch(w, a, i, w->buffer);
	for (unsigned int k = 0; k < WORDS; k++)
		w->buffer[k] = rnd(w);
	if (!p->shadow)
		p->shadow = new_page();
	memcpy(p->shadow, w->buffer, PAGE);
	if (write(w->pipe[1], w->buffer, PAGE) != PAGE || read(w->pipe[0], at, PAGE) != PAGE)
		die("thread %u: read into %p", w->id, at);
}

static void op_dontneed(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t from, count;

	some_range(w, a, 48, &from, &count);
	if (madvise(a->addr + from * PAGE, count * PAGE, MADV_DONTNEED))
		die("madvise(%p, %u pages, MADV_DONTNEED)", a->addr + from * PAGE, count);
	for (uint32_t i = from; i < from + count && a->kind != THAW_VMA_SHARED; i++)
		forget(&a->pages[i]);
	if (below(w, 2))
		check_page(w, a, from + below(w, count));
}

static void op_mprotect(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t from, count;

	some_range(w, a, 32, &from, &count);
	if (mprotect(a->addr + from * PAGE, count * PAGE, PROT_READ))
		die("mprotect");
	for (uint32_t i = from; i < from + count; i++) {
		if (below(w, 2) && !a->pages[i].poisoned)
			check_page(w, a, i);
	}
	if (mprotect(a->addr + from * PAGE, count * PAGE, PROT_READ | PROT_WRITE))
		die("mprotect");
}

static bool is_free(const struct worker *w, const char *addr, uint32_t count)
{
	for (unsigned int n = 0; n < w->area_count; n++) {
		const struct area *a = &w->areas[n];

		if (addr < a->addr + a->count * PAGE && a->addr < addr + count * PAGE)
			return false;
	}
	return true;
}

/* A free place in the arena of the thread, or NULL. */
static char *some_place(struct worker *w, uint32_t count)
{
	for (int try = 0; try < 10; try++) {
		char *at = (char *)(ARENA_BASE + (w->id * ARENA_PAGES +
						  below(w, ARENA_PAGES - MAX_PAGES)) *
							 PAGE);

		if (is_free(w, at, count))
			return at;
	}
	return NULL;
}

/* Splits `a` so that page `at` begins an area of its own, the last one. */
static bool split(struct worker *w, struct area *a, uint32_t at)
{
	struct area *b = &w->areas[w->area_count];

	if (at == 0 || at >= a->count || w->area_count == MAX_AREAS)
		return false;
	w->area_count++;
	b->addr = a->addr + at * PAGE;
	b->count = a->count - at;
	b->kind = a->kind;
	b->pages = mmap(NULL, MAX_PAGES * sizeof(struct page), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b->pages == MAP_FAILED)
		die("pages");
	memcpy(b->pages, a->pages + at, b->count * sizeof(struct page));
	memset(a->pages + at, 0, b->count * sizeof(struct page));
	a->count = at;
	return true;
}

static void drop_area(struct worker *w, struct area *a)
{
	for (uint32_t i = 0; i < a->count; i++)
		forget(&a->pages[i]);
	munmap(a->pages, MAX_PAGES * sizeof(struct page));
	*a = w->areas[--w->area_count];
}

static void op_move(struct worker *w)
{
	struct area *a = some_area(w);
	int flags = MREMAP_MAYMOVE;
	char *to = NULL, *at;
	uint32_t grow = 0;

	if (below(w, 3) == 0 && split(w, a, below(w, a->count)))
		a = &w->areas[w->area_count - 1];
	if (below(w, 4)) {
		to = some_place(w, a->count + 16);
		flags |= to ? MREMAP_FIXED : 0;
	}
	if (a->kind != THAW_VMA_SHARED && a->count + 16 < MAX_PAGES && below(w, 2))
		grow = below(w, 16);
	at = mremap(a->addr, a->count * PAGE, (a->count + grow) * PAGE, flags, to);
	if (at == MAP_FAILED && errno == EFAULT)
		return; /* mprotect has left it in two VMAs, which mremap does not move as one */
	if (at == MAP_FAILED)
		die("mremap(%p, %u, %u, %d, %p)", a->addr, a->count, a->count + grow, flags, to);
	a->addr = at;
	a->count += grow; /* their pages are zeros already */
	check_page(w, a, below(w, a->count));
	check_page(w, a, a->count - 1);
}

/* The old range stays, and reads as zeros: an area of its own. */
static void op_move_and_keep(struct worker *w)
{
	struct area *a = some_area(w), *b = &w->areas[w->area_count];
	char *to = some_place(w, a->count), *at;

	if (!to || w->area_count == MAX_AREAS || a->kind == THAW_VMA_SHARED)
		return;
	at = mremap(a->addr, a->count * PAGE, a->count * PAGE,
		    MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to);
	if (at == MAP_FAILED && errno == EFAULT)
		return;
	if (at == MAP_FAILED)
		die("mremap(%p, %u, MREMAP_DONTUNMAP)", a->addr, a->count);
	*b = *a;
	w->area_count++;
	b->pages = mmap(NULL, MAX_PAGES * sizeof(struct page), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	a->addr = at;
	for (int i = 0; i < 4; i++)
		check_page(w, below(w, 2) ? a : b, below(w, a->count));
}

static void op_grow_in_place(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t grow = 1 + below(w, 24);

	if (a->kind == THAW_VMA_SHARED || a->count + grow > MAX_PAGES ||
	    !is_free(w, a->addr + a->count * PAGE, grow))
		return;
	if (mremap(a->addr, a->count * PAGE, (a->count + grow) * PAGE, 0) == MAP_FAILED)
		return; /* the place is taken */
	a->count += grow;
	for (uint32_t i = a->count - grow; i < a->count; i++) {
		if (below(w, 2))
			check_page(w, a, i);
	}
}

static void op_unmap(struct worker *w)
{
	struct area *a = some_area(w);
	uint32_t from, count;

	if (w->area_count < 4 && a->count < 64)
		return;
	some_range(w, a, 40, &from, &count);
	if (from && from + count < a->count && !split(w, a, from + count))
		return;
	if (munmap(a->addr + from * PAGE, count * PAGE))
		die("munmap");
	for (uint32_t i = from; i < from + count; i++)
		forget(&a->pages[i]);
	if (count == a->count) {
		drop_area(w, a);
	} else if (from == 0) {
		memmove(a->pages, a->pages + count, (a->count - count) * sizeof(struct page));
		memset(a->pages + a->count - count, 0, count * sizeof(struct page));
		a->addr += count * PAGE;
		a->count -= count;
	} else {
		a->count = from;
	}
}

static void reap(struct worker *w)
{
	int status;

	if (!w->child)
		return;
	if (waitpid(w->child, &status, 0) != w->child || status)
		die("seed %llu thread %u: child %d ended with %#x", (unsigned long long)config.seed,
		    w->id, w->child, status);
	w->child = 0;
}

static void child_drop(struct worker *w, struct area *a)
{
	uint32_t from, count;

	some_range(w, a, 16, &from, &count);
	if (madvise(a->addr + from * PAGE, count * PAGE, MADV_DONTNEED))
		die("madvise in a child");
	for (uint32_t i = from; i < from + count; i++)
		forget(&a->pages[i]);
}

/* The child has what we have, and what each does from now on is not seen by the other. */
static void op_fork(struct worker *w)
{
	bool beside = below(w, 2);
	pid_t pid;

	reap(w);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		w->doing = "child of fork";
		self = w;
		/* Shared content belongs to the parent, who may go on beside us. */
		for (int i = 0; i < 20; i++) {
			struct area *a = some_area(w);

			if (a->kind == THAW_VMA_SHARED)
				continue;
			if (below(w, 3) == 0)
				child_drop(w, a);
			else
				check_page(w, a, below(w, a->count));
		}
		check_all(w, !beside);
		_exit(0);
	}
	w->child = pid;
	if (!beside)
		reap(w);
}

static const struct {
	void (*run)(struct worker *);
	const char *name;
	unsigned int weight;
} ops[] = {
	{op_read, "read", 30},
	{op_write, "write", 30},
	{op_syscall, "syscall", 6},
	{op_dontneed, "dontneed", 8},
	{op_mprotect, "mprotect", 6},
	{op_move, "move", 6},
	{op_move_and_keep, "move and keep", 2},
	{op_grow_in_place, "grow in place", 3},
	{op_unmap, "unmap", 3},
	{op_fork, "fork", 1},
};

static bool over(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > deadline.tv_sec ||
	       (now.tv_sec == deadline.tv_sec && now.tv_nsec >= deadline.tv_nsec);
}

static void step(struct worker *w)
{
	unsigned int total = 0, at = 0;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		total += ops[i].weight;
	total = below(w, total);
	while (total >= ops[at].weight)
		total -= ops[at++].weight;
	w->doing = ops[at].name;
	ops[at].run(w);
	w->steps++;
}

static void *work(void *arg)
{
	struct worker *w = arg;

	self = w;
	while (!over() && w->area_count)
		step(w);
	reap(w);
	w->doing = "final check";
	check_all(w, true);
	return NULL;
}

static void add_area(struct worker *w, char *addr, uint32_t count, int kind, uint64_t store_page)
{
	struct area *a = &w->areas[w->area_count++];

	a->addr = addr;
	a->count = count;
	a->kind = kind;
	a->pages = mmap(NULL, MAX_PAGES * sizeof(struct page), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	for (uint32_t i = 0; i < count; i++) {
		struct page *p = &a->pages[i];

		if (!model_has_content(config.seed, store_page + i))
			continue;
		p->shadow = new_page();
		p->poisoned = model_is_corrupt(&config, store_page + i);
		for (unsigned int k = 0; k < WORDS; k++)
			p->shadow[k] = model_word(config.seed, store_page + i, k);
	}
}

/* Maps what one thread uses. Slots as in dev.thaw.pager.ModelRun. */
static void set_up(struct worker *w, const int fds[2], int uffd, struct model_vma *vmas)
{
	uint32_t p = config.private_pages, n = config.anon_pages, s = config.shared_pages;
	uint64_t own = (uint64_t)w->id * (p + n);
	uint64_t slot = (uint64_t)w->id * 2;
	int exact = config.exact ? MAP_ANONYMOUS : 0;
	int kind = config.exact ? THAW_VMA_ANON : THAW_VMA_PRIVATE;
	char *private = mmap(NULL, p * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | exact,
			     exact ? -1 : fds[0], exact ? 0 : (off_t)(slot << 47));
	char *anon = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *shared = mmap(NULL, s * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[1],
			    (off_t)w->id * s * PAGE);
	uint64_t both = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR;

	if (private == MAP_FAILED || anon == MAP_FAILED || shared == MAP_FAILED)
		die("mmap");
	register_range(uffd, private, p * PAGE, exact ? UFFDIO_REGISTER_MODE_MISSING : both);
	register_range(uffd, anon, n * PAGE, UFFDIO_REGISTER_MODE_MISSING);
	register_range(uffd, shared, s * PAGE, both);
	add_area(w, private, p, kind, own);
	add_area(w, anon, n, THAW_VMA_ANON, own + p);
	add_area(w, shared, s, THAW_VMA_SHARED,
		 (uint64_t)config.threads * (p + n) + (uint64_t)w->id * s);
	vmas[0] = (struct model_vma){(uintptr_t)private, (uintptr_t)private + p * PAGE,
				     slot << 35, 0, kind};
	vmas[1] = (struct model_vma){(uintptr_t)anon, (uintptr_t)anon + n * PAGE,
				     (slot + 1) << 35, 0, THAW_VMA_ANON};
	vmas[2] = (struct model_vma){(uintptr_t)shared, (uintptr_t)shared + s * PAGE,
				     (uint64_t)w->id * s, 1, THAW_VMA_SHARED};
}

int main(void)
{
	struct sigaction sigbus = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER};
	struct model_vma vmas[3 * MAX_THREADS];
	uint64_t steps = 0;
	int fds[2], uffd;

	receive_config(&config, fds);
	signal(SIGPIPE, SIG_IGN); /* who wants the count of steps may have been killed */
	sigaction(SIGBUS, &sigbus, NULL);
	uffd = make_uffd();
	for (unsigned int i = 0; i < config.threads; i++) {
		workers[i].id = i;
		workers[i].random = config.seed * 31 + i;
		if (pipe2(workers[i].pipe, O_CLOEXEC))
			die("pipe");
		set_up(&workers[i], fds, uffd, &vmas[3 * i]);
	}
	close(fds[0]);
	close(fds[1]);
	hand_over(uffd, vmas, 3 * config.threads);
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += config.millis / 1000;
	deadline.tv_nsec += config.millis % 1000 * 1000000;
	if (deadline.tv_nsec >= 1000000000) {
		deadline.tv_nsec -= 1000000000;
		deadline.tv_sec++;
	}
	for (unsigned int i = 0; i < config.threads; i++)
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	for (unsigned int i = 0; i < config.threads; i++) {
		pthread_join(workers[i].thread, NULL);
		steps += workers[i].steps;
	}
	dprintf(CONTROL_FD, "%llu", (unsigned long long)steps);
	return 0;
}
