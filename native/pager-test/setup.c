#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef UFFD_FEATURE_POISON
#define UFFD_FEATURE_POISON (1 << 14)
#endif

void die(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	vdprintf(2, format, args);
	va_end(args);
	dprintf(2, " (errno %d %s)\n", error, strerror(error));
	_exit(3);
}

void receive_config(struct model_config *config, int fds[2])
{
	union {
		char bytes[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} ctl;
	struct iovec iov = {config, sizeof(*config)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = ctl.bytes,
			   .msg_controllen = sizeof(ctl.bytes)};

	if (recvmsg(CONTROL_FD, &m, 0) != sizeof(*config) || !CMSG_FIRSTHDR(&m))
		die("no configuration");
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&m)), 2 * sizeof(int));
}

uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static int uffd_with(uint64_t features)
{
	struct uffdio_api api = {.api = UFFD_API, .features = features};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
		die("userfaultfd");
	return uffd;
}

int make_uffd(void)
{
	return uffd_with(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP |
			 UFFD_FEATURE_EVENT_REMOVE | UFFD_FEATURE_EVENT_UNMAP |
			 UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_MINOR_SHMEM |
			 UFFD_FEATURE_POISON | UFFD_FEATURE_THREAD_ID);
}

int bare_uffd(void)
{
	return uffd_with(UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_MINOR_SHMEM);
}

void register_range(int uffd, void *start, size_t len, uint64_t mode)
{
	struct uffdio_register r = {.range = {(uintptr_t)start, len}, .mode = mode};

	if (ioctl(uffd, UFFDIO_REGISTER, &r))
		die("UFFDIO_REGISTER %p+%zu", start, len);
}

void hand_over(int uffd, const struct model_vma *vmas, size_t count)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} ctl = {{0}};
	struct iovec iov = {(void *)vmas, count * sizeof(*vmas)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = ctl.bytes,
			   .msg_controllen = sizeof(ctl.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	char go;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &uffd, sizeof(int));
	if (sendmsg(CONTROL_FD, &m, 0) < 0)
		die("sendmsg");
	close(uffd);
	if (read(CONTROL_FD, &go, 1) != 1)
		die("no word to go on");
}
