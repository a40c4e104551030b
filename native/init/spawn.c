/*
 * The root of a restored tree, as it is born: a copy of thaw-init that leaves all that thaw-init is at
 * once, for the code that its driver has sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/rseq.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/rseq.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../blob/layout.h"
#include "init.h"

/*
 * The kernel writes to what the C library has registered at every return to user mode, and the memory
 * is about to go. Which length was registered the library does not say in every version; any other
 * one is refused (kernel/rseq.c).
 */
static int leave_rseq(void)
{
	void *registered = (char *)__builtin_thread_pointer() + __rseq_offset;

	if (!__rseq_size)
		return 0;
	for (unsigned int bytes = 32; bytes <= 512; bytes += 32) {
		if (!syscall(SYS_rseq, registered, bytes, RSEQ_FLAG_UNREGISTER, RSEQ_SIG))
			return 0;
	}
	return -1;
}

static _Noreturn void become(const struct spawn_image *image, int end, pid_t parent)
{
	void (*start)(void *) = (void (*)(void *))(uintptr_t)image->area;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup3(end, image->fd, O_CLOEXEC) < 0 || leave_rseq())
		_exit(1);
	/* Our userfaultfds and memfds are none of its business. */
	syscall(SYS_close_range, 3u, image->fd - 1, 0u);
	syscall(SYS_close_range, image->fd + 1, ~0u, 0u);
	start(image->area + BLOB_CODE_BYTES);
	_exit(1);
}

/* Maps the area here: the task inherits it, and what cannot be mapped is found out at once. */
static int prepare(const struct spawn_image *image)
{
	struct rlimit files;
	char *area;

	if (image->area_bytes <= BLOB_CODE_BYTES || image->start_bytes > image->area_bytes ||
	    image->fd <= 2)
		return -EINVAL;
	if (getrlimit(RLIMIT_NOFILE, &files) || (rlim_t)image->fd >= files.rlim_cur)
		return -EMFILE;
	area = mmap(image->area, image->area_bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (area == MAP_FAILED)
		return -errno;
	memcpy(area, image->start, image->start_bytes);
	/* The rest is the driver's to write to from now on, whether the task has begun or not. */
	if (mprotect(area, BLOB_CODE_BYTES, PROT_READ | PROT_EXEC)) {
		int err = errno;

		munmap(area, image->area_bytes);
		return -err;
	}
	return 0;
}

int tree_spawn(const struct spawn_image *image, pid_t wanted, pid_t *pid, int *socket)
{
	struct clone_args args = {
		.flags = CLONE_CLEAR_SIGHAND,
		.exit_signal = SIGCHLD,
		.set_tid = wanted ? (uintptr_t)&wanted : 0,
		.set_tid_size = wanted ? 1 : 0,
	};
	pid_t parent = getpid();
	sigset_t all, ours;
	int pair[2], err = prepare(image);
	long child;

	if (err)
		return err;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		err = -errno;
		munmap(image->area, image->area_bytes);
		return err;
	}
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &ours);
	child = syscall(SYS_clone3, &args, sizeof(args));
	err = child < 0 ? -errno : 0;
	if (!child)
		become(image, pair[1], parent);
	sigprocmask(SIG_SETMASK, &ours, NULL);
	munmap(image->area, image->area_bytes);
	close(pair[1]);
	if (err) {
		close(pair[0]);
		return err;
	}
	*pid = child;
	*socket = pair[0];
	return 0;
}
