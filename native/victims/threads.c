/*
 * Fifty threads, each with a tid, a name, a thread-local variable, a signal mask, an alternate stack and
 * words on its stack, waiting on a mutex, a condition, a semaphore or a barrier. All can be joined.
 */
#include "frame.h"

#include <semaphore.h>

#define THREADS 50

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t semaphore;
static bool open_now;
static pid_t tids[THREADS];
static __thread uint64_t local[64];

static void wait_somehow(size_t n)
{
	switch (n % 4) {
	case 0:
		OK0(pthread_mutex_lock(&gate));
		OK0(pthread_mutex_unlock(&gate));
		break;
	case 1:
		OK0(pthread_mutex_lock(&mutex));
		while (!open_now)
			OK0(pthread_cond_wait(&condition, &mutex));
		OK0(pthread_mutex_unlock(&mutex));
		break;
	case 2:
		OK(sem_wait(&semaphore));
		break;
	default:
		pthread_barrier_wait(&barrier);
	}
}

static void own_mask(size_t n, sigset_t *mask)
{
	sigemptyset(mask);
	sigaddset(mask, SIGUSR2);
	sigaddset(mask, SIGRTMIN + n % 25);
	if (n % 2)
		sigaddset(mask, SIGUSR1);
}

static void *run(void *arg)
{
	size_t n = (size_t)arg;
	volatile uint64_t words[256];
	sigset_t mask, now;
	stack_t alternate = { .ss_sp = malloc(65536), .ss_size = 65536 }, alternate_now;
	char name[16], name_now[16];

	for (size_t i = 0; i < COUNT(words); i++)
		words[i] = frame_word(n, i);
	frame_fill(local, sizeof(local), 1000 + n);
	own_mask(n, &mask);
	OK0(pthread_sigmask(SIG_SETMASK, &mask, NULL));
	OK(sigaltstack(&alternate, NULL));
	snprintf(name, sizeof(name), "thread-%zu", n);
	OK0(pthread_setname_np(pthread_self(), name));
	tids[n] = gettid();

	wait_somehow(n);

	SABOTAGE("a thread has another mask")
		if (n == 17)
			sigaddset(&mask, SIGHUP);
	SABOTAGE("a thread has no alternate stack")
		if (n == 18)
			OK(sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL));
	SABOTAGE("a thread-local variable differs")
		if (n == 19)
			local[63]++;
	SABOTAGE("a thread has another name")
		if (n == 20)
			OK0(pthread_setname_np(pthread_self(), "wrong"));
	SABOTAGE("a word on a stack differs")
		if (n == 21)
			words[255]++;

	CHECK_EQ("tid", syscall(SYS_gettid), tids[n]);
	for (size_t i = 0; i < COUNT(words); i++)
		CHECK_EQ("word on the stack", words[i], frame_word(n, i));
	frame_check_pattern("thread-local", local, sizeof(local), 1000 + n);
	OK0(pthread_sigmask(SIG_SETMASK, NULL, &now));
	for (int s = 1; s < 65; s++)
		CHECK_EQ("blocked signal", sigismember(&now, s), sigismember(&mask, s));
	OK(sigaltstack(NULL, &alternate_now));
	CHECK_EQ("alternate stack", alternate_now.ss_sp, alternate.ss_sp);
	CHECK_EQ("size of the alternate stack", alternate_now.ss_size, 65536);
	CHECK_EQ("flags of the alternate stack", alternate_now.ss_flags, 0);
	OK0(pthread_getname_np(pthread_self(), name_now, sizeof(name_now)));
	CHECK_STR("name", name_now, name);
	return (void *)(n + 1);
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	frame_start(argc, argv);
	OK(sem_init(&semaphore, 0, 0));
	OK0(pthread_barrier_init(&barrier, NULL, THREADS / 4 + 1));
	OK0(pthread_mutex_lock(&gate));
	for (size_t i = 0; i < THREADS; i++)
		OK0(pthread_create(&threads[i], NULL, run, (void *)i));
	for (size_t i = 0; i < THREADS; i++) {
		while (!*(volatile pid_t *)&tids[i])
			sched_yield();
		frame_until_blocked(tids[i], SYS_futex);
	}

	frame_wait();
	SABOTAGE("a tid differs")
		tids[3]++;
	CHECK_EQ("threads", atoi(frame_proc_value("/proc/self/status", "Threads")), THREADS + 1);
	for (size_t i = 0; i < THREADS; i++)
		if (!frame_is_blocked(tids[i], SYS_futex))
			FAIL("thread %zu no longer waits", i);
	OK0(pthread_mutex_unlock(&gate));
	OK0(pthread_mutex_lock(&mutex));
	open_now = true;
	OK0(pthread_cond_broadcast(&condition));
	OK0(pthread_mutex_unlock(&mutex));
	for (size_t i = 2; i < THREADS; i += 4)
		OK(sem_post(&semaphore));
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < THREADS; i++) {
		void *result;
		OK0(pthread_join(threads[i], &result));
		CHECK_EQ("result of a thread", (uintptr_t)result, i + 1);
	}
	return frame_pass();
}
