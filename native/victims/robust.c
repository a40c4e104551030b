/*
 * Robust mutexes held by a thread and by a child: when the holder ends after the restore, the next one to
 * lock is told so. The kernel finds them by the list that set_robust_list(2) registered.
 */
#include "frame.h"

#include <linux/futex.h>

static pthread_mutex_t *mutexes; /* [0] held by the thread, [1] by the child */
static volatile pid_t tid;
static int go[2];

static void *hold(void *unused)
{
	char byte;

	(void)unused;
	OK0(pthread_mutex_lock(&mutexes[0]));
	tid = gettid();
	CHECK_EQ("read", OK(read(go[0], &byte, 1)), 1);
	SABOTAGE("the thread's list is not registered")
		OK(syscall(SYS_set_robust_list, NULL, sizeof(struct robust_list_head)));
	return NULL; /* without unlocking */
}

static void expect_dead_owner(const char *who, pthread_mutex_t *mutex)
{
	struct timespec end;

	OK(clock_gettime(CLOCK_REALTIME, &end));
	end.tv_sec += 5;
	int error = pthread_mutex_timedlock(mutex, &end);
	if (error != EOWNERDEAD)
		FAIL("%s ended with the mutex: expected EOWNERDEAD, is %s", who, strerror(error));
	OK0(pthread_mutex_consistent(mutex));
	OK0(pthread_mutex_unlock(mutex));
}

int main(int argc, char **argv)
{
	pthread_mutexattr_t attributes;
	pthread_t thread;

	frame_start(argc, argv);
	mutexes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK("mmap", mutexes != MAP_FAILED);
	OK0(pthread_mutexattr_init(&attributes));
	OK0(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
	OK0(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED));
	OK0(pthread_mutex_init(&mutexes[0], &attributes));
	OK0(pthread_mutex_init(&mutexes[1], &attributes));
	pid_t pid = frame_fork();
	if (pid == 0) {
		OK0(pthread_mutex_lock(&mutexes[1]));
		frame_wait();
		SABOTAGE("the child's list is not registered")
			OK(syscall(SYS_set_robust_list, NULL, sizeof(struct robust_list_head)));
		frame_pass();
	}
	OK(pipe(go));
	OK0(pthread_create(&thread, NULL, hold, NULL));
	while (!tid)
		sched_yield();
	frame_until_blocked(tid, SYS_read);
	struct robust_list_head *own, *other, *own_now, *other_now;
	size_t size;
	OK(syscall(SYS_get_robust_list, 0, &own, &size));
	OK(syscall(SYS_get_robust_list, tid, &other, &size));

	frame_wait();
	OK(syscall(SYS_get_robust_list, 0, &own_now, &size));
	CHECK_EQ("list of the main thread", own_now, own);
	OK(syscall(SYS_get_robust_list, tid, &other_now, &size));
	CHECK_EQ("list of the thread", other_now, other);
	CHECK_EQ("size", size, sizeof(struct robust_list_head));
	CHECK_EQ("held", pthread_mutex_trylock(&mutexes[0]), EBUSY);
	CHECK_EQ("held", pthread_mutex_trylock(&mutexes[1]), EBUSY);
	OK(write(go[1], "g", 1));
	expect_dead_owner("the thread", &mutexes[0]);
	OK0(pthread_join(thread, NULL));
	frame_join(pid);
	expect_dead_owner("the child", &mutexes[1]);
	return frame_pass();
}
