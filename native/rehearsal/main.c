/*
 * thaw-rehearsal: what thawd dumps and restores over and over before anybody asks it for something, so
 * that its code is compiled by then. Holds a little of what programs hold as a rule; does nothing.
 *
 * The child is dumped and killed. The parent says its pid through descriptor 3 once it is ready, reaps
 * it, and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 3, MAPPINGS = 16, MAPPING_BYTES = 64 << 10, SECONDS = 60 };

static void require(int failed, const char *what)
{
	if (!failed)
		return;
	perror(what);
	exit(1);
}

static _Noreturn void *sleeper(void *condition)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&mutex);
	for (;;)
		pthread_cond_wait(condition, &mutex);
}

static void start_threads(void)
{
	static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
	pthread_t thread;

	for (int i = 0; i < THREADS; i++)
		require(pthread_create(&thread, NULL, sleeper, &never), "pthread_create");
}

/* Every second one with another protection: they stay apart. */
static void map_memory(void)
{
	for (int i = 0; i < MAPPINGS; i++) {
		char *at = mmap(NULL, MAPPING_BYTES, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		require(at == MAP_FAILED, "mmap");
		for (int byte = 0; byte < MAPPING_BYTES; byte++)
			at[byte] = (char)(byte * (i + 1) >> 4);
		require(i % 2 && mprotect(at, MAPPING_BYTES, PROT_READ), "mprotect");
	}
}

/* An abstract name of its own: a clone may take it, since the one before has gone. */
static int listener(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1,
			      "thaw-rehearsal-%d", getpid());

	require(fd < 0, "socket");
	require(bind(fd, (struct sockaddr *)&address,
		     offsetof(struct sockaddr_un, sun_path) + 1 + length),
		"bind");
	require(listen(fd, 4), "listen");
	return fd;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	require(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static void open_descriptors(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), pipes[2], pair[2];

	require(epoll < 0, "epoll_create1");
	require(pipe(pipes), "pipe");
	require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	require(write(pipes[1], "in the pipe", 11) != 11, "write");
	watch(epoll, pipes[0]);
	watch(epoll, pair[0]);
	watch(epoll, listener());
	watch(epoll, eventfd(0, EFD_NONBLOCK));
	watch(epoll, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
}

static void ignore(int sig)
{
	(void)sig;
}

/* thawd's may be pipes, or a socket to a journal: with these no dump would be possible. */
static void leave_standard_files(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	require(null < 0, "/dev/null");
	for (int fd = 0; fd <= 2; fd++)
		require(null != fd && dup2(null, fd) < 0, "dup2");
	if (null > 2)
		close(null);
}

static void be_dumped(int ready)
{
	require(prctl(PR_SET_PDEATHSIG, SIGKILL) || setsid() < 0, "prctl or setsid");
	alarm(SECONDS); /* a restored one that thawd did not live to end */
	signal(SIGUSR1, ignore);
	signal(SIGPIPE, SIG_IGN);
	leave_standard_files();
	open_descriptors();
	map_memory();
	start_threads();
	close(ready);
	for (;;)
		pause();
}

int main(void)
{
	int ready[2];
	char end;
	pid_t child;

	require(prctl(PR_SET_PDEATHSIG, SIGKILL) || pipe(ready), "prctl or pipe");
	child = fork();
	require(child < 0, "fork");
	if (!child) {
		close(3);
		close(ready[0]);
		be_dumped(ready[1]);
	}
	close(ready[1]);
	require(read(ready[0], &end, 1), "read"); /* it has let go of all that is ours */
	dprintf(3, "%d", child);
	close(3);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}
