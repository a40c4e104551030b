/*
 * readers ROUNDS: whether more than one reader pays where several threads of one process fault at once.
 * One filled memfd, mapped privately and registered with one userfaultfd or, half and half, with two;
 * served by a process of its own, without tables, with one reader thread for each userfaultfd, or two
 * for the one. Markdown tables on stdout: medians (least-greatest) over the rounds, in each of which all
 * come by turns.
 *
 * Two readers "in turn" hold a lock from the read to the last install, as they would have to if what
 * they read were events too.
 *
 * Each thread touches pages of its own at random over the whole mapping, one in each window; the reader
 * installs the touched page first, then the rest of the window, which wakes nobody.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "setup.h"

#define MEMORY_PAGES 65536u
#define FAULTS 4096u
#define MAX_ROUNDS 32

static const struct way {
	const char *name;
	int uffds;
	int readers; /* in all */
	bool in_turn;
	bool pinned; /* the readers, each to a CPU; never who faults */
} ways[] = {
	{"one, one reader", 1, 1, false, false},
	{"one, two readers", 1, 2, false, false},
	{"one, two readers in turn", 1, 2, true, false},
	{"two, one reader each", 2, 2, false, false},
	{"one, one reader, pinned", 1, 1, false, true},
	{"one, two readers, pinned", 1, 2, false, true},
	{"one, two readers in turn, pinned", 1, 2, true, true},
	{"two, one reader each, pinned", 2, 2, false, true},
};

static const int thread_counts[] = {1, 2, 4, 8};
static const unsigned int windows[] = {1, 16};

#define WAYS (sizeof(ways) / sizeof(ways[0]))
#define COUNTS (sizeof(thread_counts) / sizeof(thread_counts[0]))
#define WINDOWS (sizeof(windows) / sizeof(windows[0]))

enum figure { FAULTS_A_MS, MEDIAN_US, P99_US, PAGER_CPU_US, FIGURES };

static double figures[WINDOWS][COUNTS][WAYS][FIGURES][MAX_ROUNDS];

struct reader {
	int uffd;
	int cpu; /* or -1 */
	unsigned int window;
	pthread_mutex_t *turn; /* or NULL */
};

static void install(int uffd, uint64_t at, uint64_t pages, uint64_t mode)
{
	struct uffdio_continue c = {.range = {at, pages * PAGE}, .mode = mode};
	struct uffdio_range wake = {at, PAGE};

	/* EEXIST: another reader was first, or two faults of one page; it wakes nobody. */
	if (pages && ioctl(uffd, UFFDIO_CONTINUE, &c) && !mode)
		ioctl(uffd, UFFDIO_WAKE, &wake);
}

static void answer(const struct reader *r, const struct uffd_msg *m)
{
	uint64_t page = m->arg.pagefault.address & ~(PAGE - 1);
	uint64_t first = page & ~(r->window * PAGE - 1), before = (page - first) / PAGE;

	install(r->uffd, page, 1, 0);
	install(r->uffd, first, before, UFFDIO_CONTINUE_MODE_DONTWAKE);
	install(r->uffd, page + PAGE, r->window - before - 1, UFFDIO_CONTINUE_MODE_DONTWAKE);
}

static void *read_in_turn(const struct reader *r)
{
	struct pollfd ready = {r->uffd, POLLIN, 0};
	struct uffd_msg m;

	while (poll(&ready, 1, -1) == 1) {
		pthread_mutex_lock(r->turn);
		/* The other one may have been faster. */
		while (read(r->uffd, &m, sizeof(m)) == sizeof(m))
			answer(r, &m);
		pthread_mutex_unlock(r->turn);
	}
	return NULL;
}

static void *read_faults(void *arg)
{
	const struct reader *r = arg;
	struct uffd_msg m;

	if (r->cpu >= 0) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(r->cpu, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
	if (r->turn)
		return read_in_turn(r);
	while (read(r->uffd, &m, sizeof(m)) == sizeof(m))
		answer(r, &m);
	return NULL;
}

_Noreturn static void serve(const struct way *way, const int *uffds, unsigned int window)
{
	static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
	struct reader readers[2];
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < way->readers; i++) {
		readers[i].uffd = uffds[i % way->uffds];
		readers[i].cpu = way->pinned ? i % (int)sysconf(_SC_NPROCESSORS_ONLN) : -1;
		readers[i].window = window;
		readers[i].turn = way->in_turn ? &turn : NULL;
		if (way->in_turn)
			fcntl(readers[i].uffd, F_SETFL, O_NONBLOCK);
		if (pthread_create(&thread, NULL, read_faults, &readers[i]))
			die("pthread_create");
	}
	for (;;)
		pause();
}

struct toucher {
	pthread_t thread;
	pthread_barrier_t *begin;
	const char *memory;
	const uint32_t *pages; /* of all */
	uint32_t first, step;
	uint32_t *taken_ns;
};

static void *touch(void *arg)
{
	const struct toucher *t = arg;

	pthread_barrier_wait(t->begin);
	for (uint32_t i = t->first; i < FAULTS; i += t->step) {
		uint64_t before = now(), taken;

		(void)*(const volatile char *)(t->memory + t->pages[i] * PAGE);
		taken = now() - before;
		t->taken_ns[i] = taken > UINT32_MAX ? UINT32_MAX : taken;
	}
	return NULL;
}

/* One page of each window, in random order; the same at each call. */
static void order_pages(uint32_t *pages, unsigned int window)
{
	uint64_t state = window;

	for (uint32_t i = 0; i < FAULTS; i++) {
		state = mix(state);
		pages[i] = i * window + state % window;
	}
	for (uint32_t i = FAULTS - 1; i > 0; i--) {
		uint32_t other = (state = mix(state)) % (i + 1), page = pages[i];

		pages[i] = pages[other];
		pages[other] = page;
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Nanoseconds from the first touch to the last; those of each in taken. */
static uint64_t touch_all(const char *memory, int threads, unsigned int window, uint32_t *taken)
{
	static uint32_t pages[FAULTS];
	struct toucher touchers[threads];
	pthread_barrier_t begin;
	uint64_t begun;

	order_pages(pages, window);
	pthread_barrier_init(&begin, NULL, threads + 1);
	for (int i = 0; i < threads; i++) {
		touchers[i] = (struct toucher){0, &begin, memory, pages, i, threads, taken};
		if (pthread_create(&touchers[i].thread, NULL, touch, &touchers[i]))
			die("pthread_create");
	}
	begun = now();
	pthread_barrier_wait(&begin);
	for (int i = 0; i < threads; i++)
		pthread_join(touchers[i].thread, NULL);
	pthread_barrier_destroy(&begin);
	return now() - begun;
}

static void measure(int memfd, const struct way *way, int threads, unsigned int window,
		    double (*to)[MAX_ROUNDS], int round)
{
	static uint32_t taken[FAULTS];
	size_t len = FAULTS * window * PAGE, part = len / way->uffds;
	char *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE, memfd, 0);
	struct rusage used;
	int uffds[2];
	uint64_t ns;
	pid_t pid;

	if (memory == MAP_FAILED)
		die("mmap");
	for (int i = 0; i < way->uffds; i++) {
		uffds[i] = bare_uffd();
		register_range(uffds[i], memory + i * part, part,
			       UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR);
	}
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		serve(way, uffds, window);
	ns = touch_all(memory, threads, window, taken);
	kill(pid, SIGKILL);
	if (wait4(pid, NULL, 0, &used) != pid)
		die("wait4");
	for (int i = 0; i < way->uffds; i++)
		close(uffds[i]);
	munmap(memory, len);
	qsort(taken, FAULTS, sizeof(*taken), compare);
	to[FAULTS_A_MS][round] = FAULTS * 1e6 / ns;
	to[MEDIAN_US][round] = taken[FAULTS / 2] / 1e3;
	to[P99_US][round] = taken[FAULTS * 99ul / 100] / 1e3;
	to[PAGER_CPU_US][round] =
		((used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 + used.ru_utime.tv_usec +
		 used.ru_stime.tv_usec) / FAULTS;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_spread(double *values, int rounds)
{
	qsort(values, rounds, sizeof(*values), compare_doubles);
	printf(" %.1f (%.1f–%.1f) |", values[rounds / 2], values[0], values[rounds - 1]);
}

static void print(unsigned int w, int rounds)
{
	printf("| %u page%s a fault; userfaultfds | threads | faults a ms | median, us | p99, us | CPU of "
	       "the pager, us a fault |\n| --- | --- | --- | --- | --- | --- |\n",
	       windows[w], windows[w] > 1 ? "s" : "");
	for (unsigned int c = 0; c < COUNTS; c++) {
		for (unsigned int i = 0; i < WAYS; i++) {
			printf("| %s | %d |", ways[i].name, thread_counts[c]);
			for (int f = 0; f < FIGURES; f++)
				print_spread(figures[w][c][i][f], rounds);
			printf("\n");
		}
	}
	printf("\n");
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 5, memfd = memfd_create("readers", 0);
	char frame[PAGE] = {1};

	if (rounds < 1 || rounds > MAX_ROUNDS || memfd < 0)
		die("readers ROUNDS, at most 32");
	for (uint64_t i = 0; i < MEMORY_PAGES; i++) {
		if (pwrite(memfd, frame, PAGE, i * PAGE) != (ssize_t)PAGE)
			die("pwrite");
	}
	for (int round = 0; round < rounds; round++) {
		for (unsigned int w = 0; w < WINDOWS; w++) {
			for (unsigned int c = 0; c < COUNTS; c++) {
				for (unsigned int i = 0; i < WAYS; i++) {
					unsigned int at = (i + round) % WAYS;

					measure(memfd, &ways[at], thread_counts[c], windows[w],
						figures[w][c][at], round);
				}
			}
		}
	}
	for (unsigned int w = 0; w < WINDOWS; w++)
		print(w, rounds);
	return 0;
}
