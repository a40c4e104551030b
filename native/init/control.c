/* The JVM's requests. Each is answered before the next is read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../pager/pager.h"
#include "init.h"

struct request {
	struct thaw_init_msg msg;
	char payload[THAW_INIT_MAX_BYTES];
	int fds[THAW_INIT_MAX_FDS];
	int fd_count;
};

static struct request request;

struct reply {
	struct thaw_init_msg msg;
	int fds[THAW_INIT_MAX_FDS];
	int fd_count;
	bool fds_temporary; /* closed once they are sent; else they stay ours */
};

static int receive(struct request *q)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * THAW_INIT_MAX_FDS)];
		struct cmsghdr align;
	} ctl;
	struct iovec iov[2] = {{&q->msg, sizeof(q->msg)}, {q->payload, sizeof(q->payload)}};
	struct msghdr m = {.msg_iov = iov,
			   .msg_iovlen = 2,
			   .msg_control = ctl.bytes,
			   .msg_controllen = sizeof(ctl.bytes)};
	ssize_t n = recvmsg(init.control_fd, &m, MSG_CMSG_CLOEXEC);

	q->fd_count = 0;
	if (n < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		q->fd_count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(q->fds, CMSG_DATA(c), q->fd_count * sizeof(int));
	}
	if (!n)
		return -EPIPE;
	if ((size_t)n < sizeof(q->msg) || q->msg.version != THAW_INIT_VERSION ||
	    q->msg.payload_bytes != n - sizeof(q->msg))
		return -EPROTO;
	return 0;
}

static int answer(const struct reply *a)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * THAW_INIT_MAX_FDS)];
		struct cmsghdr align;
	} ctl;
	struct iovec iov = {(void *)&a->msg, sizeof(a->msg)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (a->fd_count) {
		struct cmsghdr *c;

		memset(&ctl, 0, sizeof(ctl));
		m.msg_control = ctl.bytes;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * a->fd_count);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * a->fd_count);
		memcpy(CMSG_DATA(c), a->fds, sizeof(int) * a->fd_count);
	}
	return sendmsg(init.control_fd, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int hello(struct reply *a)
{
	a->fds[0] = init.session_fd;
	a->fds[1] = init.session->pages_fd;
	a->fds[2] = init.session->request_eventfd;
	a->fds[3] = init.session->pager_eventfd;
	a->fds[4] = init.self_fd;
	a->fd_count = 5;
	a->msg.args[0] = getpid();
	a->msg.args[1] = init.session->backing_count;
	return 0;
}

static int add_backing(struct request *q, struct reply *a)
{
	int64_t at = q->msg.args[0];

	if (q->fd_count != 2 || at < 0 || at >= THAW_MAX_BACKINGS)
		return EINVAL;
	init.session->backings[at].fd = q->fds[0];
	init.session->backings[at].extents_fd = q->fds[1];
	a->msg.args[0] = q->fds[0];
	a->msg.args[1] = q->fds[1];
	q->fd_count = 0; /* kept */
	return 0;
}

static int add_space(struct request *q, struct reply *a)
{
	const uint64_t one = 1;
	struct thaw_space_ref *ref;

	if (q->fd_count != 2)
		return EINVAL;
	ref = thaw_session_claim(init.session);
	if (!ref)
		return ENOSPC;
	ref->filled_eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ref->filled_eventfd < 0) {
		__atomic_store_n(&ref->state, THAW_SPACE_FREE, __ATOMIC_RELEASE);
		return errno;
	}
	ref->uffd = q->fds[0];
	ref->table_fd = q->fds[1];
	ref->pid = q->msg.args[0];
	ref->flags = q->msg.args[1];
	q->fd_count = 0;
	__atomic_store_n(&ref->state, THAW_SPACE_READY, __ATOMIC_RELEASE);
	a->msg.args[0] = ref - init.session->spaces;
	if (init.serving && write(init.session->pager_eventfd, &one, sizeof(one)) < 0)
		return errno;
	return 0;
}

static int start(struct reply *a)
{
	int err = 0;

	if (!init.serving)
		err = tree_start_pager();
	if (!err && !init.keeper_pid)
		err = keeper_start();
	if (err)
		return -err;
	init.serving = true;
	init.session->serving = THAW_SERVING;
	a->msg.args[0] = init.pager_pid;
	return 0;
}

/* Whoever waits for our end of a terminal or a pipe to be closed must not wait for the tree. */
static void let_go_of_caller(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

/* Before others can read of it, so that the launcher knows whom their signals are for. */
static int root(const struct request *q)
{
	status_line("root %d\n", (int)q->msg.args[0]);
	return 0;
}

static int running(const struct request *q)
{
	if (q->msg.payload_bytes && q->payload[q->msg.payload_bytes - 1])
		return EINVAL;
	memcpy(init.filler->argv, q->payload, q->msg.payload_bytes);
	init.filler->bytes = q->msg.payload_bytes;
	init.root_pid = q->msg.args[0];
	init.filler->root_pid = init.root_pid;
	init.running = true;
	if (init.detach)
		let_go_of_caller();
	status_line("running %d\n", (int)q->msg.args[1]);
	tree_report_root(); /* it runs since a moment ago, and may have ended */
	return 0;
}

static int spawn(const struct request *q, struct reply *a)
{
	const struct spawn_image image = {
		.area = (char *)(uintptr_t)q->msg.args[1],
		.area_bytes = q->msg.args[2],
		.start = q->payload,
		.start_bytes = q->msg.payload_bytes,
		.fd = q->msg.args[3],
	};
	pid_t pid = 0;
	int err = tree_spawn(&image, q->msg.args[0], &pid, &a->fds[1]);

	if (err)
		return -err;
	a->msg.args[0] = pid;
	a->fds[0] = syscall(SYS_pidfd_open, pid, 0);
	if (a->fds[0] < 0) {
		err = errno;
		close(a->fds[1]);
		return err;
	}
	a->fd_count = 2;
	a->fds_temporary = true;
	return 0;
}

static int get_fd(const struct request *q, struct reply *a)
{
	if (fcntl(q->msg.args[0], F_GETFD) < 0)
		return errno;
	a->fds[0] = q->msg.args[0];
	a->fd_count = 1;
	return 0;
}

static int hold(struct request *q, struct reply *a)
{
	if (q->fd_count != 1)
		return EINVAL;
	a->msg.args[0] = q->fds[0];
	q->fd_count = 0; /* kept */
	return 0;
}

/* The pager and the keeper share our descriptors, so it is closed for them too. */
static int drop(const struct request *q)
{
	return close(q->msg.args[0]) ? errno : 0;
}

static int reaped(const struct request *q, struct reply *a)
{
	for (unsigned int i = 0; i < 64; i++) {
		if (init.reaped[i].pid == q->msg.args[0]) {
			a->msg.args[0] = 1;
			a->msg.args[1] = init.reaped[i].status;
		}
	}
	return 0;
}

static int perform(struct request *q, struct reply *a)
{
	switch (q->msg.type) {
	case THAW_INIT_HELLO:
		return hello(a);
	case THAW_INIT_SPAWN:
		return spawn(q, a);
	case THAW_INIT_ADD_BACKING:
		return add_backing(q, a);
	case THAW_INIT_ADD_SPACE:
		return add_space(q, a);
	case THAW_INIT_START:
		return start(a);
	case THAW_INIT_ROOT:
		return root(q);
	case THAW_INIT_RUNNING:
		return running(q);
	case THAW_INIT_GET_FD:
		return get_fd(q, a);
	case THAW_INIT_HOLD:
		return hold(q, a);
	case THAW_INIT_DROP:
		return drop(q);
	case THAW_INIT_REAPED:
		return reaped(q, a);
	case THAW_INIT_ALLOCATE:
		return allocate_ranges(q->payload, q->msg.payload_bytes);
	default:
		return ENOSYS;
	}
}

int control_message(void)
{
	struct reply a = {.msg = {.version = THAW_INIT_VERSION}};
	int err = receive(&request);

	if (!err) {
		a.msg.type = request.msg.type;
		a.msg.number = request.msg.number;
		a.msg.error = perform(&request, &a);
	}
	for (int i = 0; i < request.fd_count; i++)
		close(request.fds[i]);
	if (!err)
		err = answer(&a);
	for (int i = 0; a.fds_temporary && i < a.fd_count; i++)
		close(a.fds[i]);
	return err;
}
