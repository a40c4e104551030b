/*
 * Named semaphores of sem_open(3): who makes one maps a file whose temporary name is gone, and a child
 * that opens it maps the same file by its name.
 */
#include <semaphore.h>

#include "frame.h"

static void wait_for(const char *what, sem_t *semaphore)
{
	struct timespec limit;

	OK(clock_gettime(CLOCK_REALTIME, &limit));
	limit.tv_sec += 3;
	CHECK(what, !sem_timedwait(semaphore, &limit));
}

int main(int argc, char **argv)
{
	char there[64], back[64];
	sem_t *ping, *pong;

	frame_start(argc, argv);
	snprintf(there, sizeof(there), "/thaw-ping-%d", getpid());
	snprintf(back, sizeof(back), "/thaw-pong-%d", getpid());
	ping = sem_open(there, O_CREAT | O_EXCL, 0600, 3);
	pong = sem_open(back, O_CREAT | O_EXCL, 0600, 0);
	CHECK("sem_open", ping != SEM_FAILED && pong != SEM_FAILED);
	pid_t pid = frame_fork();
	if (!pid) {
		OK(sem_close(ping));
		ping = sem_open(there, 0);
		CHECK("sem_open", ping != SEM_FAILED);
	}
	frame_wait();
	if (!pid) {
		for (int i = 0; i < 4; i++)
			wait_for("ping", ping);
		OK(sem_post(pong));
		return frame_pass();
	}
	/* who opens it now finds the same */
	sem_t *again = sem_open(there, 0);
	CHECK("sem_open", again != SEM_FAILED);
	OK(sem_unlink(there)); /* nothing is left of it where a check fails */
	OK(sem_unlink(back));
	SABOTAGE("a count is lost")
		OK(sem_trywait(ping));
	OK(sem_post(ping));
	frame_join(pid);
	wait_for("pong", pong);
	OK(sem_post(again));
	wait_for("ping", ping);
	return frame_pass();
}
