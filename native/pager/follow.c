/*
 * A reader runs on the CPU of the thread whose faults it answers, and gives that CPU back at once.
 *
 * Left alone, the scheduler wakes the reader on a CPU that is idle, and the faulting thread on
 * another: two wake-ups across CPUs for each fault. Where idle CPUs halt, as virtual ones do, those
 * cost 50 to 90 us; a fault answered on its thread's own CPU costs 3 (ADR 18 has the figures). To be
 * there takes both:
 *
 *   affinity     the reader's wake-up cannot go elsewhere
 *   SCHED_IDLE   a CPU that runs nothing but SCHED_IDLE threads counts as idle, so the faulting
 *                thread's wake-up stays, and the thread preempts the reader
 *                (select_idle_sibling() and wakeup_preempt_fair(), kernel/sched/fair.c, 6.18)
 *
 * It is done where one thread faults again and again from another CPU, and pages come few at a time:
 * in a scan with large windows the reader works ahead beside the thread, which takes another CPU. Where
 * other CPUs are busy the scheduler brings the two together by itself.
 *
 * A SCHED_IDLE thread gets nearly nothing of a CPU that somebody else wants, so the main thread looks
 * every millisecond: a reader that has answered nothing since the last look is put back to what it
 * was. It has nothing to do, or it starves.
 *
 *            run of late faults                 another thread faults, a scan, work in the background
 *   OFF ──────────────────────▶ ON ───────────────────────────────────────────────▶ OFF
 *                               │ nothing answered for a millisecond (main thread)
 *                               ▼                       next fault
 *                              LEFT ──────────────────────────────────▶ OFF
 *
 * The main thread may lose the race with a reader that is on its way to SCHED_IDLE: it goes on looking
 * until the reader waits for messages, which it does after having seen LEFT.
 *
 * A reader that follows wakes the thread last (thaw_wake_owed()): what it had left to do when the thread
 * preempts it would wait for the next fault.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pager.h"

#define RUN 16u
#define RUN_MAX 4096u
/* Faults farther apart than that are no run. Less than the main thread's millisecond. */
#define APART_NANOS 500000u
/* A fault that comes so long after the last may have come from another CPU. */
#define SLOW_NANOS 10000u
#define LOOK 16u
#define LOOK_MAX 1024u
/* In a run no fault has brought more pages than that. */
#define PAGES_MAX 64u
/* An episode of so many faults has paid for a millisecond's wait at its end. */
#define PAID 64u

enum state { OFF = 0, ON = 1, LEFT = 2 };

static void set_policy(const struct thaw_follow *f, int policy)
{
	const struct sched_param param = {0};

	sched_setscheduler(f->tid, policy, &param);
}

/* As it was before. Its order does not matter to a thread that starves: it goes on after the first. */
static void restore(const struct thaw_follow *f)
{
	set_policy(f, SCHED_OTHER);
	sched_setaffinity(f->tid, sizeof(f->home), &f->home);
}

/*
 * Leaving SCHED_IDLE needs the right to lower one's nice value (kernel/sched/syscalls.c), which only
 * trying tells for sure; to try by a nice value leaves nothing behind.
 */
static bool may_leave_idle(pid_t tid)
{
	int nice;

	errno = 0;
	nice = getpriority(PRIO_PROCESS, tid);
	if (errno || nice <= -20 || setpriority(PRIO_PROCESS, tid, nice - 1))
		return false;
	return !setpriority(PRIO_PROCESS, tid, nice);
}

void thaw_follow_init(struct thaw_reader *r)
{
	struct thaw_follow *f = &r->follow;

	f->tid = (pid_t)syscall(SYS_gettid);
	f->needed = RUN;
	f->allowed = !sched_getaffinity(0, sizeof(f->home), &f->home) && CPU_COUNT(&f->home) > 1 &&
		     sched_getscheduler(0) == SCHED_OTHER && may_leave_idle(f->tid);
}

/*
 * The CPU on which the thread has run last, or -1. The number of a thread is that of its own pid
 * namespace: where /proc shows another one, it is not found, or its CPU is no worse than any. The file
 * is not kept open: thaw-init has our descriptors, and would keep it if we were killed.
 */
static int cpu_of(uint32_t thread)
{
	char line[1024], *at;
	ssize_t n;
	int fd;

	snprintf(line, sizeof(line), "/proc/%u/task/%u/stat", thread, thread);
	fd = open(line, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	line[n] = 0;
	/* Field 39; the name, field 2, is in parentheses and may hold anything (proc_pid_stat(5)). */
	at = strrchr(line, ')');
	for (int field = 2; at && field < 39; field++)
		at = strchr(at + 1, ' ');
	return at ? atoi(at + 1) : -1;
}

static void need_longer_run(struct thaw_follow *f)
{
	f->needed = f->needed * 2 < RUN_MAX ? f->needed * 2 : RUN_MAX;
}

/* Puts the reader back. `paid`: it was worth it, or ends by itself. */
static void leave(struct thaw_follow *f, bool paid)
{
	uint32_t on = ON;

	if (__atomic_compare_exchange_n(&f->state, &on, LEFT, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		restore(f);
	__atomic_store_n(&f->state, OFF, __ATOMIC_SEQ_CST);
	paid |= f->answers - f->begun >= PAID;
	if (paid)
		f->needed = RUN;
	else
		need_longer_run(f);
	f->run = 0;
}

static void begin(struct thaw_reader *r, uint32_t thread)
{
	struct thaw_follow *f = &r->follow;
	const uint64_t one = 1;
	int cpu = cpu_of(thread);
	cpu_set_t there;

	f->run = 0;
	if (cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &f->home)) {
		f->needed = RUN_MAX;
		return;
	}
	if (cpu == sched_getcpu()) { /* it is the thread that takes so long */
		need_longer_run(f);
		return;
	}
	CPU_ZERO(&there);
	CPU_SET(cpu, &there);
	if (sched_setaffinity(0, sizeof(there), &there))
		return;
	f->cpu = cpu;
	f->slow = 0;
	f->look = LOOK;
	f->begun = f->answers;
	__atomic_store_n(&f->state, ON, __ATOMIC_SEQ_CST);
	/* The main thread looks from now on, */
	if (write(r->pager->session->pager_eventfd, &one, sizeof(one)) != sizeof(one)) {
		leave(f, false);
		return;
	}
	set_policy(f, SCHED_IDLE);
	if (__atomic_load_n(&f->state, __ATOMIC_SEQ_CST) != ON) /* or has, and found no answer */
		restore(f);
}

void thaw_follow_stop(struct thaw_reader *r)
{
	if (__atomic_load_n(&r->follow.state, __ATOMIC_SEQ_CST) != OFF)
		leave(&r->follow, true);
}

void thaw_follow_reading(struct thaw_reader *r, bool reading)
{
	__atomic_store_n(&r->follow.reading, reading, __ATOMIC_SEQ_CST);
}

bool thaw_follow_wakes_last(const struct thaw_reader *r)
{
	return __atomic_load_n(&r->follow.state, __ATOMIC_RELAXED) != OFF;
}

/* Whether the thread has gone to another CPU; looked at more and more seldom while it has not. */
static bool has_moved(struct thaw_follow *f, uint64_t gap, uint32_t thread)
{
	if (gap < SLOW_NANOS || ++f->slow < f->look)
		return false;
	f->slow = 0;
	f->look = f->look * 2 < LOOK_MAX ? f->look * 2 : LOOK_MAX;
	return cpu_of(thread) != f->cpu;
}

void thaw_follow_answered(struct thaw_reader *r, const struct thaw_fault *fault, uint64_t pages)
{
	struct thaw_follow *f = &r->follow;
	uint64_t now = thaw_now(), gap = fault->read_nanos - f->answered;
	bool same = fault->thread == f->thread && !fault->waited;
	uint32_t state;

	if (!f->allowed)
		return;
	f->answered = now;
	f->thread = fault->thread;
	__atomic_store_n(&f->answers, f->answers + 1, __ATOMIC_RELAXED);
	state = __atomic_load_n(&f->state, __ATOMIC_SEQ_CST);
	if (state == LEFT || (state == ON && (!same || pages > PAGES_MAX))) {
		leave(f, state == ON && same);
	} else if (state == ON && has_moved(f, gap, fault->thread)) {
		leave(f, true);
		begin(r, fault->thread);
	} else if (state == OFF) {
		bool late = gap > SLOW_NANOS && gap < APART_NANOS;

		f->run = same && late && pages <= PAGES_MAX ? f->run + 1 : 0;
		if (f->run >= f->needed)
			begin(r, fault->thread);
	}
}

bool thaw_follow_watch(struct thaw_reader *r)
{
	struct thaw_follow *f = &r->follow;
	uint64_t answers = __atomic_load_n(&f->answers, __ATOMIC_RELAXED);
	uint32_t on = ON;
	bool idle = answers == f->watched;

	f->watched = answers;
	if (__atomic_load_n(&f->state, __ATOMIC_SEQ_CST) == OFF)
		return false;
	if (idle)
		__atomic_compare_exchange_n(&f->state, &on, LEFT, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&f->state, __ATOMIC_SEQ_CST) != LEFT)
		return true;
	restore(f);
	return !__atomic_load_n(&f->reading, __ATOMIC_SEQ_CST);
}
