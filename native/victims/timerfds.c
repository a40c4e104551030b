/*
 * timerfds: disarmed, one-shot far ahead, periodic, absolute by each clock, expired and not read. The rest
 * of the time goes on from where it was or has run on meanwhile; what expired is still to be read.
 */
#include "frame.h"

#include <sys/timerfd.h>

#define FAR 100000

static struct itimerspec left(int fd)
{
	struct itimerspec value;

	OK(timerfd_gettime(fd, &value));
	return value;
}

static void arm(int fd, int flags, long first_s, long first_ns, long every_s, long every_ns)
{
	struct itimerspec value = { { every_s, every_ns }, { first_s, first_ns } };

	OK(timerfd_settime(fd, flags, &value, NULL));
}

static uint64_t ticks_of(int fd)
{
	uint64_t ticks = 0;

	if (read(fd, &ticks, 8) < 0)
		CHECK_EQ("read", errno, EAGAIN);
	return ticks;
}

static void await_a_second(void)
{
	for (int64_t end = frame_now_ns(CLOCK_MONOTONIC) + 1050000000; frame_now_ns(CLOCK_MONOTONIC) < end;)
		;
}

int main(int argc, char **argv)
{
	struct timespec now;

	frame_start(argc, argv);
	int disarmed = OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	int far = OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
	arm(far, 0, FAR, 0, 0, 0);
	int periodic = OK(timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK));
	arm(periodic, 0, FAR, 0, 17, 123456789);
	int absolute = OK(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
	OK(clock_gettime(CLOCK_REALTIME, &now));
	arm(absolute, TFD_TIMER_ABSTIME, now.tv_sec + FAR, 0, 0, 0);
	int expired = OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	arm(expired, 0, 0, 1000, 0, 0);
	int fast = OK(timerfd_create(CLOCK_MONOTONIC, 0));
	arm(fast, 0, 0, 50000000, 0, 50000000);
	await_a_second();

	frame_wait();
	SABOTAGE("a timer is disarmed")
		arm(far, 0, 0, 0, 0, 0);
	SABOTAGE("an interval is lost")
		arm(periodic, 0, FAR, 0, 0, 0);
	SABOTAGE("what expired is forgotten")
		ticks_of(expired);
	SABOTAGE("the periodic one does not tick")
		arm(fast, 0, FAR, 0, 0, 50000000);
	SABOTAGE("the clock is another")
		OK(dup2(far, absolute));
	SABOTAGE("the time starts anew, twice as long")
		arm(far, 0, 2 * FAR, 0, 0, 0);

	struct itimerspec value = left(disarmed);
	CHECK_EQ("disarmed", value.it_value.tv_sec + value.it_value.tv_nsec, 0);
	CHECK_EQ("nothing to read", ticks_of(disarmed), 0);
	value = left(far);
	CHECK("far", value.it_value.tv_sec > FAR - 600 && value.it_value.tv_sec <= FAR);
	CHECK_EQ("one-shot", value.it_interval.tv_sec + value.it_interval.tv_nsec, 0);
	CHECK_EQ("close-on-exec", OK(fcntl(far, F_GETFD)), FD_CLOEXEC);
	value = left(periodic);
	CHECK("periodic", value.it_value.tv_sec > FAR - 600 && value.it_value.tv_sec <= FAR);
	CHECK_EQ("interval", value.it_interval.tv_sec, 17);
	CHECK_EQ("interval", value.it_interval.tv_nsec, 123456789);
	struct timespec real;
	OK(clock_gettime(CLOCK_REALTIME, &real));
	value = left(absolute);
	long end = real.tv_sec + value.it_value.tv_sec;
	CHECK("absolute", end >= now.tv_sec + FAR - 2 && end <= now.tv_sec + FAR + 2);
	char path[64];
	static const char *const clocks[] = { "1", "1", "7", "0", "1", "1" };
	const int fds[] = { disarmed, far, periodic, absolute, expired, fast };
	for (size_t i = 0; i < COUNT(fds); i++) {
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fds[i]);
		CHECK_STR("clock", frame_proc_value(path, "clockid"), clocks[i]);
	}
	CHECK_EQ("flags", OK(fcntl(fast, F_GETFL)) & O_NONBLOCK, 0);
	CHECK_EQ("flags", OK(fcntl(far, F_GETFL)) & O_NONBLOCK, O_NONBLOCK);
	CHECK_EQ("expired once", ticks_of(expired), 1);
	CHECK_EQ("and read once", ticks_of(expired), 0);
	value = left(expired);
	CHECK_EQ("and no longer armed", value.it_value.tv_sec + value.it_value.tv_nsec, 0);

	/* a second's ticks were there before; each later read waits for the next */
	int64_t start = frame_now_ns(CLOCK_MONOTONIC);
	OK(fcntl(fast, F_SETFL, O_NONBLOCK));
	CHECK("ticks that were not read", ticks_of(fast) >= 19);
	int64_t ticks = 0;
	while (ticks < 10 && frame_now_ns(CLOCK_MONOTONIC) < start + 10000000000LL)
		ticks += ticks_of(fast);
	CHECK("it ticks on", ticks >= 10);
	CHECK("not too fast", frame_now_ns(CLOCK_MONOTONIC) - start > 400000000);
	return frame_pass();
}
