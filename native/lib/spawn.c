/*
 * Starts a program as a child of a JVM, in namespaces of its own where asked. posix_spawn(3) knows
 * no namespaces, and a fork(2) copies the page tables of a large heap: so the child shares the
 * memory until it execs, as after vfork(2), and must write to nothing but its stack and its request.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../launcher/launcher.h"

enum { STACK_BYTES = 64 * 1024, MAX_FDS = 8 };

struct request {
	char **argv;
	const int *fds; /* become 3, 4, ... */
	int fd_count;
	unsigned long namespaces;
	sigset_t *mask; /* of the program */
	const char *failed;
	int error;
};

/* The JVM's handlers must not run in memory that is shared with it. */
static void default_handlers(void)
{
	for (int sig = 1; sig < NSIG; sig++) {
		struct sigaction action;

		if (sigaction(sig, NULL, &action) || action.sa_handler == SIG_IGN ||
		    action.sa_handler == SIG_DFL)
			continue;
		action.sa_handler = SIG_DFL;
		action.sa_flags = 0;
		sigaction(sig, &action, NULL);
	}
}

/* Moved out of the way first: one may have the number that another is to get. */
static int place_descriptors(const struct request *q)
{
	int moved[MAX_FDS];

	for (int i = 0; i < q->fd_count; i++) {
		moved[i] = fcntl(q->fds[i], F_DUPFD, 3 + q->fd_count);
		if (moved[i] < 0)
			return -errno;
	}
	for (int i = 0; i < q->fd_count; i++) {
		if (dup2(moved[i], 3 + i) < 0)
			return -errno;
	}
	/* Whatever else the JVM has open, close-on-exec or not, is none of the program's business. */
	return syscall(SYS_close_range, 3u + q->fd_count, ~0u, 0u) ? -errno : 0;
}

static int child(void *argument)
{
	struct request *q = argument;

	default_handlers();
	q->error = furnish_namespaces(q->namespaces, &q->failed);
	if (q->error)
		_exit(127);
	q->failed = "descriptors";
	q->error = place_descriptors(q);
	if (q->error)
		_exit(127);
	q->failed = "exec";
	sigprocmask(SIG_SETMASK, q->mask, NULL);
	execv(q->argv[0], q->argv);
	q->error = -errno;
	_exit(127);
}

/*
 * Runs argv[0] with fds as its descriptors from 3 on, no signal blocked, and no other descriptor but
 * the standard ones. Returns its pid, or -errno; then `failed` is what went wrong, a string that
 * lives for ever.
 */
__attribute__((visibility("default"))) int thaw_spawn(char **argv, const int *fds, int fd_count,
						      unsigned long namespaces, const char **failed)
{
	sigset_t all, none, old;
	struct request q = { .argv = argv,
			     .fds = fds,
			     .fd_count = fd_count,
			     .namespaces = namespaces,
			     .mask = &none,
			     .failed = "clone" };
	char *stack;
	int pid, err;

	*failed = q.failed;
	if (fd_count > MAX_FDS)
		return -EINVAL;
	stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return -errno;
	sigfillset(&all);
	sigemptyset(&none);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	pid = clone(child, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD | (int)namespaces, &q);
	err = pid < 0 ? -errno : q.error;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	munmap(stack, STACK_BYTES);
	*failed = q.failed;
	if (err && pid > 0)
		waitpid(pid, NULL, 0);
	return err ? err : pid;
}
