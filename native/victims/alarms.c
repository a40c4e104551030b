/*
 * Timers that expire while the process is stopped for its dump: a periodic ITIMER_REAL of a millisecond; in
 * a child one that its handler arms anew each time; in its child a POSIX timer likewise. Not one alarm may be
 * lost, or the chain ends.
 */
#include "frame.h"

#include <sys/time.h>

#define MORE 50

enum { PERIODIC, ONE_SHOT, POSIX, GENERATIONS };

static volatile sig_atomic_t alarms;
static int generation, posix_timer;

static void arm(long interval_us)
{
	struct itimerval value = { { 0, interval_us }, { 0, 1000 } };
	struct itimerspec spec = { { 0, 0 }, { 0, 1000000 } };

	if (generation == POSIX)
		OK(syscall(SYS_timer_settime, posix_timer, 0, &spec, NULL));
	else
		OK(setitimer(ITIMER_REAL, &value, NULL));
}

static void on_alarm(int number)
{
	(void)number;
	alarms++;
	if (generation != PERIODIC)
		arm(0);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	struct itimerval off = { 0 };
	struct timespec patience = { 0, 10000000 };
	pid_t child = 0;
	int before;

	frame_start(argc, argv);
	OK(sigaction(SIGALRM, &action, NULL));
	while (generation < POSIX && !(child = frame_fork()))
		generation++;
	if (generation == POSIX)
		OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &posix_timer));
	arm(generation == PERIODIC ? 1000 : 0);
	frame_wait();
	SABOTAGE("the alarm is lost") {
		OK(setitimer(ITIMER_REAL, &off, NULL));
		if (generation == POSIX)
			OK(syscall(SYS_timer_delete, posix_timer));
	}
	before = alarms;
	/* Each alarm interrupts the sleep: 20 s without one are the end of the chain. */
	for (int slept = 0; alarms < before + MORE && slept < 2000; slept++)
		nanosleep(&patience, NULL);
	CHECK("alarms go on", alarms >= before + MORE);
	if (child)
		frame_join(child);
	return frame_pass();
}
