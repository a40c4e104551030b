/*
 * thaw-init [--status-fd N] [--detach 0|1] [--mark-signal S] -- java args...
 *                                           starts the JVM, which finds its socket in THAW_INIT_FD
 * thaw-init [--status-fd N] --control-fd M  who started us drives, through descriptor M
 *
 * Signal S ends a recording (thaw restore --record-until-signal).
 *
 * Single threaded: requests of the JVM, deaths of children. Lines on the status descriptor:
 * "root PID", "running PID", "exited WAITSTATUS", "failed CODE".
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

struct init_state init = {.control_fd = -1, .status_fd = -1};

static int sparse_memfd(const char *name, uint64_t bytes)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, bytes))
		return -errno;
	return fd;
}

static int make_session(void)
{
	struct thaw_session *s;
	int fd = sparse_memfd("thaw-session", sizeof(*s));
	int pages_fd = sparse_memfd("thaw-pages", THAW_MAX_PAGES);

	if (fd < 0 || pages_fd < 0)
		return -errno;
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (s == MAP_FAILED)
		return -errno;
	/* thaw-pager maps it by itself, and what is spawned must not have it. */
	if (madvise(s, sizeof(*s), MADV_DONTFORK))
		return -errno;
	s->magic = THAW_SESSION_MAGIC;
	s->version = THAW_TABLES_VERSION;
	s->pages_fd = pages_fd;
	s->request_eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->pager_eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->around_pages = 64;
	s->around_max_pages = 512;
	if (s->request_eventfd < 0 || s->pager_eventfd < 0)
		return -errno;
	init.filler = mmap(NULL, sizeof(*init.filler), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (init.filler == MAP_FAILED)
		return -errno;
	init.session = s;
	init.session_fd = fd;
	return record_make_log();
}

static void ignore(int signal)
{
	(void)signal;
}

/* Ctrl-C goes to the whole process group; what it means is for the restored program to say. */
static int set_signals(void)
{
	/* A handler and not SIG_IGN: exec and CLONE_CLEAR_SIGHAND reset it. */
	struct sigaction handler = {.sa_handler = ignore, .sa_flags = SA_RESTART};
	const int ignored[] = {SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGPIPE, SIGXFSZ, SIGXCPU};
	sigset_t set;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		sigaction(ignored[i], &handler, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	if (init.mark_signal)
		sigaddset(&set, init.mark_signal);
	sigprocmask(SIG_BLOCK, &set, NULL);
	init.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return init.signal_fd < 0 ? -errno : 0;
}

/*
 * Every process of the tree costs three descriptors here, and a FORK event needs one at once. The tables
 * are sparse files and mappings of hundreds of MiB each. What bounds the caller's shell bounds nothing of
 * that: the tree's processes have limits of their own, from the checkpoint.
 */
static void raise_limits(void)
{
	const int ours[] = {RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_AS, RLIMIT_DATA, RLIMIT_CPU};
	struct rlimit limit;

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (getrlimit(ours[i], &limit))
			continue;
		limit.rlim_cur = limit.rlim_max;
		setrlimit(ours[i], &limit);
	}
}

/* Which hard limit of the caller is in the way, if one is. */
static const char *limit_in_the_way(int error)
{
	return error == EFBIG	 ? "; the hard limit of file sizes is too low for its tables (ulimit -Hf)"
	       : error == EMFILE ? "; the hard limit of open files is too low (ulimit -Hn)"
	       : error == ENOMEM ? "; the hard limit of address space is too low (ulimit -Hv)"
				 : "";
}

static void control_lost(void)
{
	set_control(-1);
	if (!init.external_jvm)
		return; /* its death comes as SIGCHLD */
	if (!init.running)
		tree_exit(1);
	/* Who drove us is gone for good: from here on we have fillers of our own. */
	init.external_jvm = init.filler->external_jvm = false;
	if (init.filler->bytes)
		tree_need_filler();
}

static void loop(void)
{
	for (;;) {
		struct pollfd fds[2] = {{init.signal_fd, POLLIN, 0},
					{init.control_fd, POLLIN, 0}};
		struct signalfd_siginfo info;

		if (poll(fds, 2, init.pager_error ? PAGER_RETRY_MILLIS : -1) < 0 && errno != EINTR)
			tree_exit(1);
		tree_need_pager();
		if (fds[0].revents && read(init.signal_fd, &info, sizeof(info)) > 0) {
			/* The launcher gives up. A tree that runs has signals of its own. */
			if (info.ssi_signo == SIGTERM && !init.running)
				tree_exit(128 + SIGTERM);
			if ((int)info.ssi_signo == init.mark_signal)
				record_end(THAW_RECORDING_SIGNAL);
			tree_reap();
		}
		if (fds[1].revents && init.control_fd >= 0 && control_message())
			control_lost();
		if (init.running && !tree_has_children() && !record_awaits_writer())
			tree_exit(0);
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: thaw-init [--status-fd N] [--detach 0|1] [--mark-signal S] (-- PROGRAM ARG... | --control-fd N)\n");
	return 2;
}

int main(int argc, char **argv)
{
	int i = 1, err;

	for (; i + 1 < argc && strcmp(argv[i], "--"); i += 2) {
		if (!strcmp(argv[i], "--status-fd"))
			init.status_fd = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--control-fd"))
			init.control_fd = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--detach"))
			init.detach = atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--mark-signal"))
			init.mark_signal = atoi(argv[i + 1]);
		else
			return usage();
	}
	init.external_jvm = init.control_fd >= 0;
	if (init.external_jvm)
		fcntl(init.control_fd, F_SETFD, FD_CLOEXEC);
	if (init.status_fd >= 0)
		fcntl(init.status_fd, F_SETFD, FD_CLOEXEC);
	if (init.external_jvm == (i + 1 < argc))
		return usage();
	prctl(PR_SET_NAME, "thaw-init");
	raise_limits();
	init.self_fd = syscall(SYS_pidfd_open, getpid(), 0);
	if (init.self_fd < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) || set_signals() || make_session()) {
		fprintf(stderr, "thaw-init: cannot set up: %s%s\n", strerror(errno),
			limit_in_the_way(errno));
		return 5;
	}
	init.filler->control_fd = init.control_fd;
	init.filler->external_jvm = init.external_jvm;
	if (!init.external_jvm) {
		err = tree_start_jvm(argv + i + 1);
		if (err) {
			fprintf(stderr, "thaw-init: cannot start the JVM: %s%s\n", strerror(-err),
				limit_in_the_way(-err));
			return err == -EMFILE || err == -ENOMEM ? 5 : 1;
		}
	}
	loop();
}
