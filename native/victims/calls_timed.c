/*
 * Threads inside system calls with a time limit, some long, some that end soon after. None returns "timed
 * out" before its time. Where the kernel does not tell the rest of the time, or signal(7) says "never
 * restarted", EINTR is allowed, and what the call writes as the rest must then be right.
 */
#include "frame.h"

#include <linux/futex.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>

#define LONG_S 100000
#define SHORT_S 8

static uint32_t futex_word;
static sem_t semaphore;
static int epoll, event;

static struct timespec in(clockid_t clock, int seconds)
{
	struct timespec t;

	OK(clock_gettime(clock, &t));
	t.tv_sec += seconds;
	return t;
}

/* The rest must not be more than was asked for, and not less than what is left now. */
static void check_rest(const char *what, struct timespec rest, int64_t end_ns)
{
	int64_t left = end_ns - frame_now_ns(CLOCK_MONOTONIC);
	int64_t told = rest.tv_sec * 1000000000LL + rest.tv_nsec;

	if (told < left - 1000000 || told > left + 600000000000LL)
		FAIL("%s: %lld ns are left, it says %lld", what, (long long)left, (long long)told);
}

static int do_nanosleep(int seconds)
{
	struct timespec t = { seconds, 0 }, rest = { -1, 0 };
	int64_t end = frame_now_ns(CLOCK_MONOTONIC) + seconds * 1000000000LL;

	if (!nanosleep(&t, &rest))
		return 0;
	int error = errno;
	check_rest("nanosleep", rest, end);
	return error;
}

static int do_clock_nanosleep(int seconds)
{
	struct timespec t = in(CLOCK_MONOTONIC, seconds);
	return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static int do_realtime_nanosleep(int seconds)
{
	struct timespec t = in(CLOCK_REALTIME, seconds);
	return clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL);
}

static int do_futex(int seconds)
{
	struct timespec t = { seconds, 0 };
	return syscall(SYS_futex, &futex_word, FUTEX_WAIT_PRIVATE, 0, &t, NULL, 0) ? errno : 0;
}

static int do_semaphore(int seconds)
{
	struct timespec t = in(CLOCK_REALTIME, seconds);
	return sem_timedwait(&semaphore, &t) ? errno : 0;
}

static int do_poll(int seconds)
{
	struct pollfd p = { event, POLLIN, 0 };
	int n = poll(&p, 1, seconds * 1000);
	return n < 0 ? errno : n == 0 ? ETIMEDOUT : 0;
}

static int do_ppoll(int seconds)
{
	struct pollfd p = { event, POLLIN, 0 };
	struct timespec t = { seconds, 0 };
	int n = ppoll(&p, 1, &t, NULL);
	return n < 0 ? errno : n == 0 ? ETIMEDOUT : 0;
}

static int do_select(int seconds)
{
	struct timeval t = { seconds, 0 };
	int n = select(0, NULL, NULL, NULL, &t);
	return n < 0 ? errno : n == 0 ? ETIMEDOUT : 0;
}

static int do_epoll(int seconds)
{
	struct epoll_event e;
	int n = epoll_wait(epoll, &e, 1, seconds * 1000);
	return n < 0 ? errno : n == 0 ? ETIMEDOUT : 0;
}

static int do_sigtimedwait(int seconds)
{
	sigset_t set;
	struct timespec t = { seconds, 0 };

	sigemptyset(&set);
	sigaddset(&set, SIGRTMAX);
	return sigtimedwait(&set, NULL, &t) < 0 ? errno : 0;
}

static const struct kind {
	const char *name;
	int (*run)(int seconds);
	long number;
	int timed_out;		/* what it returns when its time is over */
	bool may_be_interrupted;
} kinds[] = {
	{ "nanosleep", do_nanosleep, SYS_clock_nanosleep, 0, true },
	{ "clock_nanosleep, absolute", do_clock_nanosleep, SYS_clock_nanosleep, 0, false },
	{ "clock_nanosleep, absolute, realtime", do_realtime_nanosleep, SYS_clock_nanosleep, 0, false },
	{ "futex", do_futex, SYS_futex, ETIMEDOUT, true },
	{ "sem_timedwait", do_semaphore, SYS_futex, ETIMEDOUT, true },
	{ "poll", do_poll, SYS_poll, ETIMEDOUT, true },
	{ "ppoll", do_ppoll, SYS_ppoll, ETIMEDOUT, false },
	{ "select", do_select, SYS_pselect6, ETIMEDOUT, false },
	{ "epoll_wait", do_epoll, SYS_epoll_wait, ETIMEDOUT, true },
	{ "sigtimedwait", do_sigtimedwait, SYS_rt_sigtimedwait, EAGAIN, true },
};

static struct waiter {
	const struct kind *kind;
	int seconds;
	pthread_t thread;
	volatile pid_t tid;
	volatile int done;
	int got;
	int64_t began_ns, ended_ns;
} waiters[2 * COUNT(kinds)];

static void *run(void *arg)
{
	struct waiter *w = arg;

	w->began_ns = frame_now_ns(CLOCK_MONOTONIC);
	w->tid = gettid();
	w->got = w->kind->run(w->seconds);
	w->ended_ns = frame_now_ns(CLOCK_MONOTONIC);
	w->done = 1;
	return NULL;
}

static void check(const struct waiter *w)
{
	const char *length = w->seconds == LONG_S ? "long" : "short";

	if (!w->done) {
		if (w->seconds != LONG_S)
			FAIL("%s, %s: still waits", w->kind->name, length);
		return;
	}
	if (w->got == EINTR) {
		if (!w->kind->may_be_interrupted)
			FAIL("%s, %s: EINTR", w->kind->name, length);
		return;
	}
	if (w->got != w->kind->timed_out)
		FAIL("%s, %s: expected %s, is %s", w->kind->name, length, strerror(w->kind->timed_out),
		     strerror(w->got));
	/* the kernel rounds poll's milliseconds; nothing may end more than 1 ms early */
	if (w->ended_ns - w->began_ns < w->seconds * 1000000000LL - 1000000)
		FAIL("%s, %s: timed out after %lld ns", w->kind->name, length,
		     (long long)(w->ended_ns - w->began_ns));
}

int main(int argc, char **argv)
{
	sigset_t all;

	frame_start(argc, argv);
	sigfillset(&all);
	OK0(pthread_sigmask(SIG_SETMASK, &all, NULL));
	OK(sem_init(&semaphore, 0, 0));
	event = OK(eventfd(0, 0));
	epoll = OK(epoll_create1(0));
	for (size_t i = 0; i < COUNT(waiters); i++) {
		waiters[i].kind = &kinds[i % COUNT(kinds)];
		waiters[i].seconds = i < COUNT(kinds) ? LONG_S : SHORT_S;
		OK0(pthread_create(&waiters[i].thread, NULL, run, &waiters[i]));
		while (!waiters[i].tid)
			sched_yield();
		frame_until_blocked(waiters[i].tid, waiters[i].kind->number);
	}
	frame_wait();
	SABOTAGE("a long wait is over too early")
		waiters[1].got = 0, waiters[1].ended_ns = frame_now_ns(CLOCK_MONOTONIC), waiters[1].done = 1;
	SABOTAGE("a wait that cannot be interrupted was")
		waiters[6].got = EINTR, waiters[6].done = 1;
	/* each short one ends by itself, however much time the dump took */
	for (size_t i = COUNT(kinds); i < COUNT(waiters); i++) {
		struct timespec end = in(CLOCK_REALTIME, 2 * SHORT_S + 10);
		int error = pthread_timedjoin_np(waiters[i].thread, NULL, &end);
		if (error)
			FAIL("%s, short: does not end: %s", waiters[i].kind->name, strerror(error));
	}
	for (size_t i = 0; i < COUNT(waiters); i++) {
		check(&waiters[i]);
		if (!waiters[i].done && !frame_is_blocked(waiters[i].tid, waiters[i].kind->number))
			FAIL("%s, long: neither waits nor has returned", waiters[i].kind->name);
	}
	return frame_pass();
}
