/*
 * trainee FILE: has one open file of each common kind, memory of each kind, a second thread and a child, and
 * writes its pid to FILE. src/build/make-archive dumps and restores it, so that what such a restore loads and
 * links is in the class-data archive.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

static int ok(int result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

static void *wait_forever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void on_signal(int sig)
{
	(void)sig;
}

static void open_sockets(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	/* An abstract name leaves no file behind. */
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int listener = ok(socket(AF_INET, SOCK_STREAM, 0), "socket");
	int local = ok(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
	int on = 1, pair[2];

	ok(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), "setsockopt");
	ok(bind(listener, (struct sockaddr *)&any, sizeof(any)), "bind");
	ok(listen(listener, 16), "listen");
	snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "thaw-trainee-%d", getpid());
	ok(bind(local, (struct sockaddr *)&name, sizeof(name)), "bind");
	ok(listen(local, 16), "listen");
	ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	ok(write(pair[0], "x", 1), "write");
}

static void open_files(void)
{
	struct itimerspec later = { .it_value.tv_sec = 1000 };
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = ok(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
	int counter = ok(eventfd(3, EFD_NONBLOCK), "eventfd");
	int timer = ok(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create");
	int inotify = ok(inotify_init1(0), "inotify_init1");
	int file = ok(open("/proc/self/exe", O_RDONLY), "open");
	int ends[2];
	sigset_t set;

	ok(epoll_ctl(epoll, EPOLL_CTL_ADD, counter, &event), "epoll_ctl");
	ok(timerfd_settime(timer, 0, &later, NULL), "timerfd_settime");
	ok(inotify_add_watch(inotify, "/", IN_CREATE), "inotify_add_watch");
	ok(lseek(file, 64, SEEK_SET), "lseek");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	ok(signalfd(-1, &set, 0), "signalfd");
	ok(pipe(ends), "pipe");
	ok(write(ends[1], "x", 1), "write");
}

/* No two pages alike. */
static void fill(uint64_t *words, size_t bytes, uint64_t number)
{
	for (size_t i = 0; i < bytes / sizeof(*words); i++)
		words[i] = (number << 32 | i) * 0x9e3779b97f4a7c15;
}

static void map_memory(void)
{
	const size_t bytes = 1 << 20;
	int memfd = ok(memfd_create("trainee", 0), "memfd_create");
	void *private = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	void *of_memfd;

	ok(ftruncate(memfd, bytes), "ftruncate");
	of_memfd = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	if (private == MAP_FAILED || shared == MAP_FAILED || of_memfd == MAP_FAILED)
		err(1, "mmap");
	fill(private, bytes, 1);
	fill(shared, bytes, 2);
	fill(of_memfd, bytes, 3);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct itimerval later = { .it_value.tv_sec = 1000 };
	pthread_t thread;
	FILE *file;

	if (argc != 2)
		errx(2, "usage: trainee FILE");
	/* What the caller has open is none of a dump's business. */
	close_range(3, ~0u, 0);
	setsid();
	ok(sigaction(SIGUSR1, &action, NULL), "sigaction");
	ok(setitimer(ITIMER_REAL, &later, NULL), "setitimer");
	open_sockets();
	open_files();
	map_memory();
	if (pthread_create(&thread, NULL, wait_forever, NULL))
		errx(1, "pthread_create");
	if (!ok(fork(), "fork")) {
		ok(prctl(PR_SET_PDEATHSIG, SIGKILL), "prctl");
		wait_forever(NULL);
	}
	file = fopen(argv[1], "w");
	if (!file || fprintf(file, "%d\n", getpid()) < 0 || fclose(file))
		err(1, "%s", argv[1]);
	wait_forever(NULL);
}
