/*
 * POSIX timers: ids with a gap, clocks, ways to notify (signal with value, none, a thread's tid), intervals,
 * a signal pending with overruns; the three interval timers of setitimer.
 */
#include "frame.h"

#include <sys/time.h>

#define FAR 100000
#define TIMERS 6

static int ids[TIMERS];

/* The system calls: libc's timer_t is not the kernel's id. */
static int create(clockid_t clock, int notify, int number, int value, pid_t tid)
{
	struct sigevent event = { 0 };
	int id = -1;

	event.sigev_notify = notify;
	event.sigev_signo = number;
	event.sigev_value.sival_int = value;
	event._sigev_un._tid = tid;
	OK(syscall(SYS_timer_create, clock, &event, &id));
	return id;
}

static void arm(int id, long first_ns, long every_ns)
{
	struct itimerspec value = { { every_ns / 1000000000, every_ns % 1000000000 },
				    { first_ns / 1000000000, first_ns % 1000000000 } };

	OK(syscall(SYS_timer_settime, id, 0, &value, NULL));
}

static struct itimerspec left(int id)
{
	struct itimerspec value;

	if (syscall(SYS_timer_gettime, id, &value))
		FAIL("timer_gettime(%d): %s", id, strerror(errno));
	return value;
}

static void check_far(const char *what, int id, long every_s)
{
	struct itimerspec value = left(id);

	CHECK(what, value.it_value.tv_sec > FAR - 600 && value.it_value.tv_sec <= FAR);
	CHECK_EQ(what, value.it_interval.tv_sec, every_s);
}

int main(int argc, char **argv)
{
	sigset_t mask;
	siginfo_t info;

	frame_start(argc, argv);
	sigfillset(&mask);
	OK(sigprocmask(SIG_SETMASK, &mask, NULL));
	int gap = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0, 0);
	ids[0] = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 1, 1111, 0);
	ids[1] = create(CLOCK_REALTIME, SIGEV_NONE, 0, 0, 0);
	ids[2] = create(CLOCK_BOOTTIME, SIGEV_THREAD_ID, SIGRTMIN + 2, 2222, gettid());
	ids[3] = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 3, 3333, 0);
	ids[4] = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 4, 4444, 0);
	ids[5] = create(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGRTMIN + 5, 5555, 0);
	OK(syscall(SYS_timer_delete, gap));
	arm(ids[0], FAR * 1000000000L, 0);
	arm(ids[1], FAR * 1000000000L, 5000000000L);
	arm(ids[2], FAR * 1000000000L, 0);
	/* 3 ticks, its signal pending with overruns; 4 is disarmed */
	arm(ids[3], 10000000, 10000000);
	arm(ids[5], FAR * 1000000000L, 0);
	struct itimerval real = { { 3, 0 }, { FAR, 0 } }, cpu = { { 0, 500 }, { FAR, 0 } }, got;
	OK(setitimer(ITIMER_REAL, &real, NULL));
	OK(setitimer(ITIMER_VIRTUAL, &cpu, NULL));
	OK(setitimer(ITIMER_PROF, &cpu, NULL));
	char *timers = frame_read_file("/proc/self/timers", NULL);
	for (int64_t end = frame_now_ns(CLOCK_MONOTONIC) + 300000000; frame_now_ns(CLOCK_MONOTONIC) < end;)
		;

	frame_wait();
	SABOTAGE("a timer is gone")
		OK(syscall(SYS_timer_delete, ids[4]));
	SABOTAGE("a timer is disarmed")
		arm(ids[0], 0, 0);
	SABOTAGE("an interval is lost")
		arm(ids[1], FAR * 1000000000L, 0);
	SABOTAGE("a value is another") {
		OK(syscall(SYS_timer_delete, ids[3]));
		ids[3] = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN + 3, 3334, 0);
		arm(ids[3], 10000000, 10000000);
	}
	SABOTAGE("ITIMER_REAL is lost")
		OK(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL));
	SABOTAGE("ITIMER_PROF has another interval")
		OK(setitimer(ITIMER_PROF, &real, NULL));

	CHECK_STR("timers", frame_read_file("/proc/self/timers", NULL), timers);
	check_far("monotonic", ids[0], 0);
	check_far("realtime", ids[1], 5);
	check_far("boottime", ids[2], 0);
	check_far("CPU time", ids[5], 0);
	struct itimerspec disarmed = left(ids[4]);
	CHECK_EQ("disarmed", disarmed.it_value.tv_sec + disarmed.it_value.tv_nsec, 0);
	OK(getitimer(ITIMER_REAL, &got));
	CHECK("ITIMER_REAL", got.it_value.tv_sec > FAR - 600 && got.it_value.tv_sec <= FAR);
	CHECK_EQ("ITIMER_REAL interval", got.it_interval.tv_sec, 3);
	OK(getitimer(ITIMER_VIRTUAL, &got));
	CHECK("ITIMER_VIRTUAL", got.it_value.tv_sec > FAR - 600 && got.it_value.tv_sec <= FAR);
	CHECK_EQ("ITIMER_VIRTUAL interval", got.it_interval.tv_usec, 500);
	OK(getitimer(ITIMER_PROF, &got));
	CHECK("ITIMER_PROF", got.it_value.tv_sec > FAR - 600 && got.it_value.tv_sec <= FAR);
	CHECK_EQ("ITIMER_PROF interval", got.it_interval.tv_usec, 500);

	/* the ticking one: each signal carries its value; a later one counts what it missed */
	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + 3);
	struct timespec limit = { 5, 0 };
	for (int i = 0; i < 3; i++) {
		CHECK_EQ("tick", OK(syscall(SYS_rt_sigtimedwait, &mask, &info, &limit, 8)), SIGRTMIN + 3);
		CHECK_EQ("value", info.si_value.sival_int, 3333);
		CHECK_EQ("code", info.si_code, SI_TIMER);
		CHECK_EQ("id", info.si_timerid, ids[3]);
		if (i == 0)
			CHECK("overruns", info.si_overrun >= 0);
	}
	/* and one that is armed now tells whom it was made for */
	arm(ids[2], 1000000, 0);
	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + 2);
	CHECK_EQ("tick", OK(syscall(SYS_rt_sigtimedwait, &mask, &info, &limit, 8)), SIGRTMIN + 2);
	CHECK_EQ("value", info.si_value.sival_int, 2222);
	return frame_pass();
}
