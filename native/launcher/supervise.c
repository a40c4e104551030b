/*
 * The foreground of a restore. thaw-init tells through a pipe how the tree is; signals that the
 * launcher gets go to the tree's root.
 *
 *     "running PID\n"           the tree runs
 *     "exited WAITSTATUS\n"     its root has ended
 *     "orphaned PID\n"          thaw-init was killed; the tree runs on, who reaps it is not known
 *     "failed CODE\n"           nothing was restored; CODE is the JVM's
 *     end of file               thaw-init is gone
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long thaw-init may take to clean up after Ctrl-C before it is killed. */
enum { ABORT_MILLIS = 5000 };

struct restore {
	pid_t init;
	int status_fd;
	int signal_fd;
	int root_fd;      /* pidfd of the tree's root, -1 before it runs */
	pid_t root;
	int abort_signal; /* the signal that ended the restore before the tree ran, or 0 */
	int code;         /* the exit code to return, -1 while not known */
	bool detach;      /* return once the tree runs */
	char line[64];    /* what of a line has been read */
	size_t length;
};

/* All that a terminal, a shell or a service manager sends; faults and child events stay ours. */
static void forwarded(sigset_t *set)
{
	static const int signals[] = { SIGHUP,	SIGINT,	 SIGQUIT,   SIGTERM, SIGUSR1, SIGUSR2,
				       SIGALRM, SIGCONT, SIGVTALRM, SIGPROF, SIGWINCH, SIGPWR,
				       SIGTSTP, SIGURG };

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(set, signals[i]);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		sigaddset(set, sig);
}

static void stop_restoring(struct restore *restore, int sig)
{
	if (restore->abort_signal)
		return;
	restore->abort_signal = sig;
	kill(restore->init, SIGTERM);
}

static bool ends_a_command(int sig)
{
	return sig == SIGINT || sig == SIGTERM || sig == SIGHUP || sig == SIGQUIT;
}

/*
 * The terminal signals a whole process group. A root in the same group has had the signal already;
 * SI_KERNEL tells such a signal from one that was sent to the launcher alone.
 */
static bool root_has_it(const struct restore *restore, const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_KERNEL && getpgid(restore->root) == getpgrp();
}

static void on_signal(struct restore *restore)
{
	struct signalfd_siginfo info;

	if (read(restore->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (restore->root_fd < 0) {
		if (ends_a_command(info.ssi_signo))
			stop_restoring(restore, info.ssi_signo);
	} else if (!root_has_it(restore, &info)) {
		syscall(SYS_pidfd_send_signal, restore->root_fd, info.ssi_signo, NULL, 0);
	}
	if (info.ssi_signo == SIGTSTP) /* the shell's job control sees us stopped, as it wants */
		raise(SIGSTOP);
}

static int code_of(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static void on_line(struct restore *restore, const char *line)
{
	int number;

	if (sscanf(line, "running %d", &number) == 1) {
		restore->root = number;
		restore->root_fd = syscall(SYS_pidfd_open, number, 0); /* close-on-exec, always */
		if (restore->detach)
			restore->code = 0;
	} else if (sscanf(line, "exited %d", &number) == 1) {
		restore->code = code_of(number);
	} else if (sscanf(line, "orphaned %d", &number) == 1) {
		complain("thaw-init (pid %d) was killed; pid %d runs on without it, served by "
			 "thaw-keeper, and its exit status will not be known", restore->init, number);
		restore->code = EXIT_FAILED;
	} else if (sscanf(line, "failed %d", &number) == 1) {
		restore->code = number ? number : EXIT_FAILED;
	}
}

/* thaw-init has gone; it owes us an explanation unless it has said how the tree ended. */
static void on_end(struct restore *restore)
{
	int status = 0;

	if (waitpid(restore->init, &status, 0) == restore->init && WIFSIGNALED(status) &&
	    !restore->abort_signal)
		complain("thaw-init (pid %d) was killed by signal %d (%s)%s", restore->init,
			 WTERMSIG(status), strsignal(WTERMSIG(status)),
			 restore->root ? ", and the restored tree with it" : "; nothing was restored");
	restore->code = WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static void on_status(struct restore *restore)
{
	size_t room = sizeof(restore->line) - 1 - restore->length;
	ssize_t got = read(restore->status_fd, restore->line + restore->length, room);
	char *end;

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		on_end(restore);
		return;
	}
	restore->length += got;
	restore->line[restore->length] = '\0';
	while ((end = strchr(restore->line, '\n'))) {
		*end = '\0';
		on_line(restore, restore->line);
		restore->length -= end + 1 - restore->line;
		memmove(restore->line, end + 1, restore->length + 1);
	}
	if (restore->length == sizeof(restore->line) - 1)
		restore->length = 0; /* no line of the protocol is as long */
}

static void loop(struct restore *restore)
{
	struct pollfd fds[] = { { .fd = restore->status_fd, .events = POLLIN },
				{ .fd = restore->signal_fd, .events = POLLIN } };

	while (restore->code < 0) {
		int ready = poll(fds, 2, restore->abort_signal ? ABORT_MILLIS : -1);

		if (!ready)
			kill(restore->init, SIGKILL);
		if (ready > 0 && fds[1].revents)
			on_signal(restore);
		if (ready > 0 && fds[0].revents)
			on_status(restore);
	}
	if (restore->root_fd >= 0)
		return;
	/* Nothing runs, and nothing may be left when we return. */
	waitpid(restore->init, NULL, 0);
	if (restore->abort_signal)
		restore->code = 128 + restore->abort_signal;
}

int supervise(char **command, const struct status_pipe *status, bool detach)
{
	struct restore restore = {
		.status_fd = status->read, .root_fd = -1, .code = -1, .detach = detach
	};
	sigset_t set, old;

	/* Blocked before the fork, so that no signal is lost between the two. */
	forwarded(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	fcntl(status->read, F_SETFD, FD_CLOEXEC);
	restore.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (restore.signal_fd < 0) {
		complain("signalfd: %s", strerror(errno));
		return EXIT_FAILED;
	}
	restore.init = fork();
	if (restore.init < 0) {
		complain("fork: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (!restore.init) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		execv(command[0], command);
		complain("exec %s: %s", command[0], strerror(errno));
		_exit(EXIT_FAILED);
	}
	close(status->write);
	loop(&restore);
	return restore.code;
}
