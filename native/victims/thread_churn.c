/*
 * Starts and ends threads as fast as it can, in two processes. Each thread adds to a sum that its number
 * determines: a thread that got lost, or was run twice, is seen.
 */
#include "frame.h"

static volatile bool stop;
static uint64_t sum;
static volatile uint64_t started;

static void *add(void *arg)
{
	__atomic_add_fetch(&sum, (uintptr_t)arg * (uintptr_t)arg, __ATOMIC_SEQ_CST);
	return arg;
}

static void *churn(void *unused)
{
	(void)unused;
	while (!stop) {
		pthread_t threads[4];
		for (size_t i = 0; i < COUNT(threads); i++)
			OK0(pthread_create(&threads[i], NULL, add, (void *)(uintptr_t)++started));
		for (size_t i = 0; i < COUNT(threads); i++) {
			void *result;
			OK0(pthread_join(threads[i], &result));
			CHECK_EQ("result", (uintptr_t)result, started - 3 + i);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t churner;

	frame_start(argc, argv);
	pid_t pid = frame_fork();
	OK0(pthread_create(&churner, NULL, churn, NULL));
	frame_wait();
	/* it still makes progress */
	for (uint64_t seen = started, end = frame_now_ns(CLOCK_MONOTONIC) + 10000000000LL; started < seen + 100;)
		CHECK("goes on", (uint64_t)frame_now_ns(CLOCK_MONOTONIC) < end);
	stop = true;
	OK0(pthread_join(churner, NULL));
	SABOTAGE("one thread is lost")
		sum -= 49;
	uint64_t expected = 0;
	for (uint64_t i = 1; i <= started; i++)
		expected += i * i;
	CHECK_EQ("sum of all threads", sum, expected);
	CHECK_EQ("threads left", atoi(frame_proc_value("/proc/self/status", "Threads")), 1);
	if (pid)
		frame_join(pid);
	return frame_pass();
}
