/*
 * Hands a command to thawd: connects if it serves here, sends what the command needs, and stays until
 * it has ended. What cannot be handed over is left to a JVM of its own, without a word.
 */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "thaw_daemon_proto.h"

enum { MAX_FDS = 4 };

/* Only in the same namespaces do the paths, pids and sockets that a command names mean the same. */
static bool same_surroundings(pid_t peer)
{
	static const char *const names[] = { "mnt", "pid", "net", "ipc", "user", "time" };
	char path[64], ours[64], theirs[64];
	struct stat root, peer_root;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ssize_t a, b;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		a = readlink(path, ours, sizeof(ours));
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", peer, names[i]);
		b = readlink(path, theirs, sizeof(theirs));
		if (a != b || (a > 0 && memcmp(ours, theirs, a)))
			return false;
	}
	snprintf(path, sizeof(path), "/proc/%d/root/.", peer);
	return !stat("/", &root) && !stat(path, &peer_root) && root.st_dev == peer_root.st_dev &&
	       root.st_ino == peer_root.st_ino;
}

/*
 * Descriptors go only to a server of our own user, or of root. Another user's looks at nothing: it refuses,
 * and says so.
 */
static bool fits(int fd, pid_t *peer)
{
	struct ucred cred;
	socklen_t length = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &length) < 0 || cred.pid <= 0)
		return false;
	*peer = cred.pid;
	return cred.uid == geteuid() ? same_surroundings(*peer) : cred.uid == 0;
}

int daemon_connect(pid_t *peer)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("THAWD_SOCKET");
	int fd;

	if (!path || !*path)
		path = THAW_DAEMON_SOCKET;
	if (!strcmp(path, "none") || strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)) && fits(fd, peer))
		return fd;
	close(fd);
	return -1;
}

/* A standard descriptor that is closed here is /dev/null there. */
static int open_or_null(int fd)
{
	return fcntl(fd, F_GETFD) >= 0 ? fd : open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* The directory and the arguments, \0 after each. Returns the length, or -1 if they do not fit. */
static ssize_t words(char *out, size_t room, char **args)
{
	size_t at;

	if (!getcwd(out, room) || out[0] != '/')
		return -1;
	at = strlen(out) + 1;
	for (; *args; args++) {
		size_t length = strlen(*args) + 1;

		if (length > room - at)
			return -1;
		memcpy(out + at, *args, length);
		at += length;
	}
	return at;
}

static mode_t own_umask(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return mask;
}

int daemon_send(int fd, char **args, int control)
{
	static char payload[THAW_DAEMON_MAX_BYTES];
	union {
		char bytes[CMSG_SPACE(sizeof(int) * MAX_FDS)];
		struct cmsghdr align;
	} ctl = { 0 };
	int fds[MAX_FDS] = { open_or_null(0), open_or_null(1), open_or_null(2), control };
	int count = control < 0 ? 3 : 4;
	ssize_t length = words(payload, sizeof(payload), args);
	struct thaw_daemon_msg msg = {
		.version = THAW_DAEMON_VERSION,
		.type = THAW_DAEMON_RUN,
		.value = own_umask(),
		.flags = (isatty(STDERR_FILENO) ? THAW_DAEMON_TERMINAL : 0) |
			 (control < 0 ? 0 : THAW_DAEMON_INIT),
		.payload_bytes = length,
	};
	struct iovec iov[2] = { { &msg, sizeof(msg) }, { payload, length } };
	struct msghdr m = { .msg_iov = iov,
			    .msg_iovlen = 2,
			    .msg_control = ctl.bytes,
			    .msg_controllen = CMSG_SPACE(sizeof(int) * count) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	if (length < 0)
		return -E2BIG;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * count);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
	return sendmsg(fd, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void daemon_signal(int fd, int sig)
{
	struct thaw_daemon_msg msg = { .version = THAW_DAEMON_VERSION,
				       .type = THAW_DAEMON_SIGNAL,
				       .value = sig };

	/* Where it has gone, that shows when it is read from. */
	if (send(fd, &msg, sizeof(msg), MSG_NOSIGNAL) < 0)
		return;
}

int daemon_receive(int fd)
{
	struct {
		struct thaw_daemon_msg msg;
		char text[4096];
	} reply;
	ssize_t n;

	do {
		n = recv(fd, &reply, sizeof(reply) - 1, 0);
	} while (n < 0 && errno == EINTR);
	if (n < (ssize_t)sizeof(reply.msg) || reply.msg.version != THAW_DAEMON_VERSION)
		return -1;
	if (reply.msg.type == THAW_DAEMON_EXIT)
		return reply.msg.value & 0xff;
	if (reply.msg.type != THAW_DAEMON_REFUSED)
		return -1;
	reply.text[n - sizeof(reply.msg)] = '\0';
	complain("%s", reply.text);
	return EXIT_NOT_ALLOWED;
}

void complain_of_daemon(pid_t peer)
{
	complain("thawd (pid %d) ended before the command had; run it again", peer);
}

/* Ctrl-C and its like: thawd ends the command; a second one does not wait for that. */
static int on_signal(int signal_fd, int daemon_fd, int *cancelled)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
		return -1;
	if (info.ssi_signo == SIGTSTP)
		raise(SIGSTOP);
	if (!ends_a_command(info.ssi_signo))
		return -1;
	if (*cancelled)
		return 128 + info.ssi_signo;
	*cancelled = info.ssi_signo;
	daemon_signal(daemon_fd, info.ssi_signo);
	return -1;
}

int hand_over(int daemon_fd, pid_t peer, char **args)
{
	int cancelled = 0, code = -1, signal_fd;
	struct pollfd fds[2];
	sigset_t set;

	forwarded_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0 || daemon_send(daemon_fd, args, -1)) {
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		return -1;
	}
	fds[0] = (struct pollfd){ .fd = daemon_fd, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = signal_fd, .events = POLLIN };
	while (code < 0) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents) {
			code = daemon_receive(daemon_fd);
			if (code < 0) {
				complain_of_daemon(peer);
				return EXIT_FAILED;
			}
			return cancelled && code ? 128 + cancelled : code;
		}
		if (fds[1].revents)
			code = on_signal(signal_fd, daemon_fd, &cancelled);
	}
	return code;
}
