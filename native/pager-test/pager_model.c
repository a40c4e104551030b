/*
 * Threads that use lazily restored memory in every way at random, and compare every word of it with
 * a model: a shadow of each page in ordinary memory. Seeded; says at which step it found what.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pager_model/area.h"
#include "setup.h"
#include "thaw_tables.h"

struct model_config config;
static struct worker workers[MAX_THREADS];
static __thread struct worker *self;
static struct timespec deadline;

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
