/*
 * A target for the tests of the remote layer: does one thing for ever and checks at every turn that
 * nothing was done to it. Usage: remote_target KIND STATUS, with the kinds at the end of this file.
 *
 * STATUS is a file of one page, which the tests read: struct status.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct status {
	volatile uint64_t rounds;
	volatile uint64_t errors;
	volatile uint64_t interruptions; /* of epoll_wait: any ptrace stop ends it with EINTR */
	char message[200];
};

static struct status *status;

__attribute__((format(printf, 1, 2))) static void error(const char *format, ...)
{
	va_list args;

	if (status->errors == 0) {
		va_start(args, format);
		vsnprintf(status->message, sizeof(status->message), format, args);
		va_end(args);
	}
	status->errors++;
}

static void round_done(void)
{
	status->rounds++;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The computing target: a state block, offsets of which the assembler code knows. */
struct computing {
	uint64_t loops;		/* 0 */
	uint64_t stack_top;	/* 8: rsp while the loop runs */
	uint64_t own_stack;	/* 16 */
	uint64_t flags;		/* 24: after the loop */
	uint64_t before[16];	/* 32: rax rbx rdx rsi rdi rbp r8..r15, 14 of them used */
	uint64_t after[16];	/* 160 */
	uint64_t unused[4];	/* 288: aligns */
	uint8_t vectors[16][32]; /* 320 */
	uint8_t vectors_after[16][32]; /* 832 */
} __attribute__((aligned(64)));

/* rdi: struct computing. All registers but rcx are live over the loop, flags and rsp too. */
void compute(struct computing *c);
__asm__(".text\n.globl compute\ncompute:\n"
	"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
	"mov %rsp, 16(%rdi)\n"
	".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n vmovdqa 320+\\n*32(%rdi), %ymm\\n\n .endr\n"
	"mov (%rdi), %rcx\n"
	"mov 8(%rdi), %rsp\n"
	"push %rdi\n" /* the block's address, above the stack area that is compared */
	"mov 32(%rdi), %rax\n mov 40(%rdi), %rbx\n mov 48(%rdi), %rdx\n mov 56(%rdi), %rsi\n"
	"mov 72(%rdi), %rbp\n mov 80(%rdi), %r8\n mov 88(%rdi), %r9\n mov 96(%rdi), %r10\n"
	"mov 104(%rdi), %r11\n mov 112(%rdi), %r12\n mov 120(%rdi), %r13\n mov 128(%rdi), %r14\n"
	"mov 136(%rdi), %r15\n mov 64(%rdi), %rdi\n"
	"std\n stc\n"
	"1: lea -1(%rcx), %rcx\n jrcxz 2f\n jmp 1b\n"
	"2: mov %rdi, %rcx\n mov (%rsp), %rdi\n"
	"mov %rcx, 192(%rdi)\n mov %rax, 160(%rdi)\n mov %rbx, 168(%rdi)\n mov %rdx, 176(%rdi)\n"
	"mov %rsi, 184(%rdi)\n mov %rbp, 200(%rdi)\n mov %r8, 208(%rdi)\n mov %r9, 216(%rdi)\n"
	"mov %r10, 224(%rdi)\n mov %r11, 232(%rdi)\n mov %r12, 240(%rdi)\n mov %r13, 248(%rdi)\n"
	"mov %r14, 256(%rdi)\n mov %r15, 264(%rdi)\n"
	"mov 16(%rdi), %rsp\n"
	"pushfq\n pop 24(%rdi)\n cld\n"
	".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n vmovdqa %ymm\\n, 832+\\n*32(%rdi)\n .endr\n"
	"vzeroupper\n"
	"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n");

#define STACK_BYTES 65536
#define CF 1u
#define DF 0x400u

static void computing(void)
{
	static struct computing c;
	static uint8_t stack[STACK_BYTES + 64], expected[STACK_BYTES];

	c.loops = 2000000;
	c.stack_top = (uint64_t)(stack + STACK_BYTES + 64);
	memset(expected, 0xa5, sizeof(expected));
	for (uint64_t seed = 1;; seed++) {
		memcpy(stack, expected, STACK_BYTES);
		for (int i = 0; i < 14; i++)
			c.before[i] = seed * 0x9e3779b97f4a7c15u + (uint64_t)i;
		for (int i = 0; i < 16; i++)
			for (int j = 0; j < 32; j++)
				c.vectors[i][j] = (uint8_t)(seed * 31 + (uint64_t)(i * 57 + j * 7));
		compute(&c);
		if (memcmp(c.before, c.after, 14 * 8) != 0)
			error("a general register changed");
		if (memcmp(c.vectors, c.vectors_after, sizeof(c.vectors)) != 0)
			error("a vector register changed");
		if ((c.flags & (CF | DF)) != (CF | DF))
			error("flags are %lx", (unsigned long)c.flags);
		if (memcmp(stack, expected, STACK_BYTES) != 0)
			error("bytes below the stack pointer changed");
		round_done();
	}
}

#define SLEEP_NS 3000000

static void sleeping(void)
{
	for (;;) {
		struct timespec t = { .tv_nsec = SLEEP_NS };
		uint64_t begin = now_ns();

		if (syscall(SYS_nanosleep, &t, NULL) != 0)
			error("nanosleep: %s", strerror(errno));
		else if (now_ns() - begin < SLEEP_NS)
			error("nanosleep was short");
		round_done();
	}
}

static void polling(void)
{
	int fds[2];

	if (pipe(fds) != 0)
		abort();
	for (;;) {
		struct pollfd p = { .fd = fds[0], .events = POLLIN };
		uint64_t begin = now_ns();
		int n = poll(&p, 1, 3);

		if (n != 0)
			error("poll: %d %s", n, strerror(errno));
		else if (now_ns() - begin < 3000000)
			error("poll was short");
		round_done();
	}
}

/* epoll_wait without a time limit; a timer wakes it. */
static void epolling(void)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), epoll = epoll_create1(0);
	struct itimerspec every = { .it_interval.tv_nsec = 2000000, .it_value.tv_nsec = 2000000 };
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 77 };

	timerfd_settime(timer, 0, &every, NULL);
	epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);
	for (;;) {
		uint64_t count;
		int n = epoll_wait(epoll, &event, 1, -1);

		if (n == -1 && errno == EINTR)
			status->interruptions++;
		else if (n != 1 || event.data.u64 != 77)
			error("epoll_wait: %d %s", n, strerror(errno));
		else if (read(timer, &count, 8) != 8)
			error("timerfd: %s", strerror(errno));
		round_done();
	}
}

static void futex_timed(void)
{
	static uint32_t word = 5;

	for (;;) {
		struct timespec t = { .tv_nsec = SLEEP_NS };
		long n = syscall(SYS_futex, &word, FUTEX_WAIT, 5, &t, NULL, 0);

		if (n != -1 || errno != ETIMEDOUT)
			error("futex: %ld %s", n, strerror(errno));
		round_done();
	}
}

static int fed[2];

static void *feed(void *unused)
{
	(void)unused;
	for (uint32_t i = 0;; i++) {
		struct timespec t = { .tv_nsec = 1000000 };

		nanosleep(&t, NULL);
		if (write(fed[1], &i, sizeof(i)) != sizeof(i))
			error("write: %s", strerror(errno));
	}
	return NULL;
}

/* read of a pipe that another thread feeds. */
static void reading(void)
{
	pthread_t feeder;

	if (pipe(fed) != 0 || pthread_create(&feeder, NULL, feed, NULL) != 0)
		abort();
	for (uint32_t i = 0;; i++) {
		uint32_t got = 0;
		ssize_t n = read(fed[0], &got, sizeof(got));

		if (n != sizeof(got) || got != i)
			error("read: %zd, %u instead of %u, %s", n, got, i, strerror(errno));
		round_done();
	}
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* sigsuspend: the signal is blocked but there; every return must have run the handler once. */
static void suspending(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval every = { .it_interval.tv_usec = 2000, .it_value.tv_usec = 2000 };
	sigset_t blocked, none;

	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	for (sig_atomic_t i = 1;; i++) {
		if (sigsuspend(&none) != -1 || errno != EINTR)
			error("sigsuspend: %s", strerror(errno));
		if (alarms != i)
			error("%d alarms after %d sigsuspends", (int)alarms, (int)i);
		round_done();
	}
}

/* pause, for a signal that comes once: the test sends SIGUSR1 and wants to see one round more. */
static void pausing(void)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };

	sigaction(SIGUSR1, &action, NULL);
	status->rounds = 2; /* the harness waits for progress before it begins */
	for (;;) {
		if (pause() != -1 || errno != EINTR)
			error("pause: %s", strerror(errno));
		round_done();
	}
}

/* All descriptors that it may have are in use. */
static void exhausting(void)
{
	struct rlimit limit = { 16, 16 };

	setrlimit(RLIMIT_NOFILE, &limit);
	while (dup(0) >= 0)
		;
	sleeping();
}

/* Threads that end and begin as fast as they can. */
static void *ending(void *arg)
{
	__atomic_add_fetch((uint32_t *)arg, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void *spawning(void *unused)
{
	static uint32_t ended;

	(void)unused;
	for (;;) {
		pthread_t threads[8];

		for (int i = 0; i < 8; i++)
			if (pthread_create(&threads[i], NULL, ending, &ended) != 0)
				error("pthread_create: %s", strerror(errno));
		for (int i = 0; i < 8; i++)
			if (pthread_join(threads[i], NULL) != 0)
				error("pthread_join: %s", strerror(errno));
		round_done();
	}
	return NULL;
}

static void threads(void)
{
	pthread_t more[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&more[i], NULL, spawning, NULL);
	spawning(NULL);
}

/* Children that begin and end as fast as they can, two generations. */
static void forking(void)
{
	for (;;) {
		int child_status = -1;
		pid_t child = fork();

		if (child == 0) {
			pid_t grandchild = fork();

			if (grandchild == 0)
				_exit(7);
			if (waitpid(grandchild, &child_status, 0) != grandchild)
				_exit(1);
			_exit(WEXITSTATUS(child_status));
		}
		if (child < 0 || waitpid(child, &child_status, 0) != child)
			error("fork, wait: %s", strerror(errno));
		else if (child_status != 7 << 8)
			error("a child ended with %x", child_status);
		round_done();
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} kinds[] = {
	{ "compute", computing }, { "nanosleep", sleeping }, { "poll", polling },
	{ "epoll", epolling },	  { "futex", futex_timed },  { "pipe", reading },
	{ "sigsuspend", suspending }, { "pause", pausing },
	{ "exhausted", exhausting },  { "threads", threads },
	{ "fork", forking },
};

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;

	if (fd < 0 || ftruncate(fd, 4096) != 0)
		return 2;
	status = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, argv[1]) == 0)
			kinds[i].run();
	return 2;
}
