/*
 * Threads inside system calls without a time limit. A dump and a restore are not to be seen in those that
 * the kernel restarts by itself: after them each thread waits as before, and ends with what it waited for.
 * Those that signal(7) lists as never restarted may return EINTR, once.
 */
#include "frame.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>

static int pipe_fds[2], full_pipe[2], event, pair[2], listener, locked, epoll, poll_event, select_event,
	epoll_event;
static uint32_t futex_word;
static pid_t child;
static struct sockaddr_un address = { .sun_family = AF_UNIX };

static long do_read_pipe(void)
{
	char byte;
	return read(pipe_fds[0], &byte, 1);
}

static long do_write_pipe(void)
{
	return write(full_pipe[1], "x", 1);
}

static long do_read_event(void)
{
	uint64_t count;
	return read(event, &count, 8) == 8 ? (long)count : -1;
}

static long do_recv(void)
{
	char byte;
	return recv(pair[0], &byte, 1, 0);
}

static long do_accept(void)
{
	int fd = accept(listener, NULL, NULL);
	return fd < 0 ? -1 : 1;
}

static long do_flock(void)
{
	return flock(locked, LOCK_EX);
}

static long do_futex(void)
{
	return syscall(SYS_futex, &futex_word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static long do_wait(void)
{
	return waitpid(child, NULL, 0) == child;
}

static long do_poll(void)
{
	struct pollfd p = { poll_event, POLLIN, 0 };
	return poll(&p, 1, -1) + p.revents * 10;
}

static long do_ppoll(void)
{
	struct pollfd p = { poll_event, POLLIN, 0 };
	return ppoll(&p, 1, NULL, NULL) + p.revents * 10;
}

static long do_select(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(select_event, &set);
	return select(select_event + 1, &set, NULL, NULL, NULL);
}

static long do_epoll(void)
{
	struct epoll_event e;
	return epoll_wait(epoll, &e, 1, -1) == 1 ? (long)e.data.u64 : -1;
}

static long do_sigwait(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMAX);
	return sigwaitinfo(&set, NULL);
}

static struct call {
	const char *name;
	long (*run)(void);
	long number, result;
	bool may_be_interrupted;
	pthread_t thread;
	volatile pid_t tid;
	volatile int done;
	long got;
	int error;
} calls[] = {
	{ .name = "read of a pipe", .run = do_read_pipe, .number = SYS_read, .result = 1 },
	{ .name = "write to a full pipe", .run = do_write_pipe, .number = SYS_write, .result = 1 },
	{ .name = "read of an eventfd", .run = do_read_event, .number = SYS_read, .result = 9 },
	{ .name = "recv", .run = do_recv, .number = SYS_recvfrom, .result = 1 },
	{ .name = "accept", .run = do_accept, .number = SYS_accept, .result = 1 },
	{ .name = "flock", .run = do_flock, .number = SYS_flock, .result = 0 },
	{ .name = "futex", .run = do_futex, .number = SYS_futex, .result = 0 },
	{ .name = "waitpid", .run = do_wait, .number = SYS_wait4, .result = 1 },
	{ .name = "poll", .run = do_poll, .number = SYS_poll, .result = 1 + POLLIN * 10 },
	{ .name = "ppoll", .run = do_ppoll, .number = SYS_ppoll, .result = 1 + POLLIN * 10 },
	{ .name = "select", .run = do_select, .number = SYS_pselect6, .result = 1 },
	{ .name = "epoll_wait", .run = do_epoll, .number = SYS_epoll_wait, .result = 31 },
	{ .name = "sigwaitinfo", .run = do_sigwait, .number = SYS_rt_sigtimedwait, .result = 64,
	  .may_be_interrupted = true },
};

static void *run(void *arg)
{
	struct call *c = arg;

	c->tid = gettid();
	c->got = c->run();
	c->error = errno;
	c->done = 1;
	return NULL;
}

static void build(void)
{
	static char chunk[65536];
	sigset_t mask;

	sigfillset(&mask);
	OK0(pthread_sigmask(SIG_SETMASK, &mask, NULL));
	OK(pipe(pipe_fds));
	OK(pipe(full_pipe));
	OK(write(full_pipe[1], chunk, fcntl(full_pipe[1], F_GETPIPE_SZ)));
	event = OK(eventfd(0, 0));
	poll_event = OK(eventfd(0, 0));
	select_event = OK(eventfd(0, 0));
	epoll_event = OK(eventfd(0, 0));
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	listener = OK(socket(AF_UNIX, SOCK_STREAM, 0));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", frame_path("listener"));
	OK(bind(listener, (void *)&address, sizeof(address)));
	OK(listen(listener, 3));
	epoll = OK(epoll_create1(0));
	struct epoll_event interest = { EPOLLIN, { .u64 = 31 } };
	OK(epoll_ctl(epoll, EPOLL_CTL_ADD, epoll_event, &interest));
	char *path = frame_path("locked");
	locked = OK(open(path, O_RDWR | O_CREAT, 0600));
	child = frame_fork();
	if (child == 0) {
		OK(flock(OK(open(path, O_RDWR)), LOCK_EX));
		frame_wait();
		frame_pass();	/* which gives the lock back */
	}
	for (size_t i = 0; i < COUNT(calls); i++) {
		OK0(pthread_create(&calls[i].thread, NULL, run, &calls[i]));
		while (!calls[i].tid)
			sched_yield();
		frame_until_blocked(calls[i].tid, calls[i].number);
	}
}

static void let_go(void)
{
	static char chunk[4096];
	uint64_t nine = 9;
	int client = OK(socket(AF_UNIX, SOCK_STREAM, 0));

	OK(write(pipe_fds[1], "x", 1));
	OK(read(full_pipe[0], chunk, sizeof(chunk)));
	const int events[] = { event, poll_event, select_event, epoll_event };
	for (size_t i = 0; i < COUNT(events); i++)
		OK(write(events[i], &nine, 8));
	OK(send(pair[1], "x", 1, 0));
	OK(connect(client, (void *)&address, sizeof(address)));
	__atomic_store_n(&futex_word, 1, __ATOMIC_SEQ_CST);
	OK(syscall(SYS_futex, &futex_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
	for (size_t i = 0; i < COUNT(calls); i++)
		if (calls[i].may_be_interrupted && !calls[i].done)
			OK(syscall(SYS_tgkill, getpid(), calls[i].tid, SIGRTMAX));
	OK(kill(child, SIGUSR2));
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	build();
	frame_wait();
	SABOTAGE("the read is interrupted")
		calls[0].done = 1, calls[0].got = -1, calls[0].error = EINTR;
	SABOTAGE("a result is another")
		OK(write(event, &(uint64_t){ 3 }, 8));
	SABOTAGE("the epoll_wait returns early")
		OK(write(epoll_event, &(uint64_t){ 3 }, 8));
	/* what returned, returned for a reason that is allowed; the rest still waits */
	for (size_t i = 0; i < COUNT(calls); i++) {
		struct call *c = &calls[i];
		for (int64_t end = frame_now_ns(CLOCK_MONOTONIC) + 5000000000LL;
		     !c->done && !frame_is_blocked(c->tid, c->number);)
			if (frame_now_ns(CLOCK_MONOTONIC) > end)
				FAIL("%s: neither waits nor has returned", c->name);
		if (c->done && !(c->may_be_interrupted && c->got == -1 && c->error == EINTR))
			FAIL("%s: expected to wait, returned %ld %s", c->name, c->got,
			     c->got < 0 ? strerror(c->error) : "");
	}
	let_go();
	for (size_t i = 0; i < COUNT(calls); i++) {
		OK0(pthread_join(calls[i].thread, NULL));
		if (calls[i].may_be_interrupted && calls[i].got == -1 && calls[i].error == EINTR)
			continue;
		if (calls[i].got != calls[i].result)
			FAIL("%s: expected %ld, is %ld %s", calls[i].name, calls[i].result, calls[i].got,
			     calls[i].got < 0 ? strerror(calls[i].error) : "");
	}
	return frame_pass();
}
