/*
 * eventfd (count, semaphore, blocking or not), epoll (interests with data, edge-triggered, one-shot used
 * up, nested, a descriptor with two interests by dup), signalfd (mask).
 */
#include "frame.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

static void add(int epoll, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = { events, { .u64 = data } };

	OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e));
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The interests of an epoll descriptor, as fdinfo tells them. */
static char *interests(int epoll)
{
	char path[64], *lines[8], *result = calloc(8, 128);
	size_t count = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", epoll);
	for (char *line = strtok(frame_read_file(path, NULL), "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, "tfd:", 4) && count < COUNT(lines)) {
			/* the inode number of a pipe is another after the restore */
			*strstr(line, " pos:") = 0;
			/* epoll_ctl adds EPOLLERR and EPOLLHUP to any mask, so none brings back "used up" */
			char *used_up = strstr(line, "events: 40000018");
			if (used_up)
				memcpy(used_up, "events: 40000000", 16);
			lines[count++] = line;
		}
	/* the kernel lists them by the address of its struct file: ep_cmp_ffd() in fs/eventpoll.c */
	qsort(lines, count, sizeof(lines[0]), compare);
	for (size_t i = 0; i < count; i++)
		strcat(strcat(result, lines[i]), "\n");
	return result;
}

static uint64_t count_of(int event)
{
	uint64_t count;

	return read(event, &count, 8) == 8 ? count : 0;
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	int counter = OK(eventfd(7, EFD_NONBLOCK));
	OK(write(counter, &(uint64_t){ 0xfffffffff0 }, 8));
	int semaphore = OK(eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC));
	int zero = OK(eventfd(0, EFD_NONBLOCK));
	int top = OK(eventfd(0, EFD_NONBLOCK));
	OK(write(top, &(uint64_t){ UINT64_MAX - 1 }, 8));

	int pipe_fds[2];
	OK(pipe2(pipe_fds, O_NONBLOCK));
	int inner = OK(epoll_create1(EPOLL_CLOEXEC)), outer = OK(epoll_create1(0)), used = OK(epoll_create1(0));
	add(inner, pipe_fds[0], EPOLLIN | EPOLLRDHUP, 0x123456789abcdef0);
	add(inner, pipe_fds[1], EPOLLOUT | EPOLLET, 0xffffffffffffffff);
	int twin = OK(dup2(pipe_fds[0], 77));
	add(inner, twin, EPOLLIN | EPOLLPRI | EPOLLONESHOT, 78);
	add(outer, inner, EPOLLIN, 1);
	add(outer, counter, EPOLLIN | EPOLLEXCLUSIVE, 2);
	add(used, counter, EPOLLIN | EPOLLONESHOT, 3);
	struct epoll_event got[8];
	CHECK_EQ("events", OK(epoll_wait(used, got, 8, 0)), 1);	/* one-shot: off from here */
	char *inner_before = interests(inner), *outer_before = interests(outer), *used_before = interests(used);

	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + 7);
	sigaddset(&mask, SIGIO);
	OK(sigprocmask(SIG_BLOCK, &mask, NULL));
	int signals = OK(signalfd(-1, &mask, SFD_NONBLOCK));
	add(outer, signals, EPOLLIN, 4);

	outer_before = interests(outer);

	frame_wait();
	SABOTAGE("the count is lost")
		count_of(counter);
	SABOTAGE("the semaphore is a counter")
		OK(dup3(OK(eventfd(3, EFD_NONBLOCK)), semaphore, O_CLOEXEC));
	SABOTAGE("an interest is lost")
		OK(epoll_ctl(inner, EPOLL_CTL_DEL, twin, NULL));
	SABOTAGE("the data of an interest is another")
		OK(epoll_ctl(inner, EPOLL_CTL_MOD, pipe_fds[0],
			     &(struct epoll_event){ EPOLLIN | EPOLLRDHUP, { .u64 = 1 } }));
	SABOTAGE("the used-up interest is armed again")
		OK(epoll_ctl(used, EPOLL_CTL_MOD, counter,
			     &(struct epoll_event){ EPOLLIN | EPOLLONESHOT, { .u64 = 3 } }));
	SABOTAGE("the mask of the signalfd is another") {
		sigdelset(&mask, SIGIO);
		OK(signalfd(signals, &mask, 0));
	}

	CHECK_STR("interests", interests(inner), inner_before);
	CHECK_STR("outer interests", interests(outer), outer_before);
	CHECK_STR("used-up interest", interests(used), used_before);
	CHECK_EQ("close-on-exec", OK(fcntl(inner, F_GETFD)), FD_CLOEXEC);
	CHECK_EQ("one-shot that was used up", OK(epoll_wait(used, got, 8, 0)), 0);

	/* nothing is in the pipe: only its writing end is ready */
	CHECK_EQ("events of inner", OK(epoll_wait(inner, got, 8, 0)), 1);
	CHECK_EQ("data", got[0].data.u64, 0xffffffffffffffff);
	CHECK_EQ("edge-triggered: once", OK(epoll_wait(inner, got, 8, 0)), 0);
	OK(write(pipe_fds[1], "x", 1));
	int n = OK(epoll_wait(inner, got, 8, 0));
	bool level = false, once = false;
	for (int i = 0; i < n; i++) {
		level |= got[i].data.u64 == 0x123456789abcdef0 && got[i].events == EPOLLIN;
		once |= got[i].data.u64 == 78 && got[i].events == EPOLLIN;
	}
	CHECK("both descriptors of the pipe", level && once);
	OK(raise(SIGIO));
	n = OK(epoll_wait(outer, got, 8, 0));
	unsigned seen = 0;
	for (int i = 0; i < n; i++)
		seen |= 1U << got[i].data.u64;
	CHECK_EQ("nested, counter and signal", seen, 1 << 1 | 1 << 2 | 1 << 4);
	struct signalfd_siginfo info;
	CHECK_EQ("signalfd", OK(read(signals, &info, sizeof(info))), sizeof(info));
	CHECK_EQ("signal", info.ssi_signo, SIGIO);
	CHECK_ERRNO(read(signals, &info, sizeof(info)), EAGAIN);

	CHECK_EQ("count", count_of(counter), 0xfffffffff7);
	CHECK_ERRNO(read(counter, &info, 8), EAGAIN);
	for (int i = 0; i < 3; i++)
		CHECK_EQ("semaphore", count_of(semaphore), 1);
	CHECK_ERRNO(read(semaphore, &info, 8), EAGAIN);
	CHECK_ERRNO(read(zero, &info, 8), EAGAIN);
	CHECK_EQ("close-on-exec of the semaphore", OK(fcntl(semaphore, F_GETFD)), FD_CLOEXEC);
	CHECK_ERRNO(write(top, &(uint64_t){ 1 }, 8), EAGAIN);
	CHECK_EQ("greatest count", count_of(top), UINT64_MAX - 1);
	return frame_pass();
}
