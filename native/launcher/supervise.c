/*
 * The foreground of a restore. thaw-init tells through a pipe how the tree is; signals that the
 * launcher gets go to the tree's root; the one that ends a recording goes to thaw-init.
 *
 *     "root PID\n"              the tree's root, which is about to be announced
 *     "running PID\n"           the tree runs
 *     "exited WAITSTATUS\n"     its root has ended
 *     "orphaned PID\n"          thaw-init was killed; the tree runs on, who reaps it is not known
 *     "failed CODE\n"           nothing was restored; CODE is the JVM's
 *     end of file               thaw-init is gone
 *
 * Where thawd drives thaw-init, it says the exit code of a restore that failed.
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
	bool running;     /* nothing ends the tree any more because the restore does */
	int mark_signal;  /* ends a recording; 0: none does */
	int abort_signal; /* the signal that ended the restore before the tree ran, or 0 */
	int code;         /* the exit code to return, -1 while not known */
	bool detach;      /* return once the tree runs */
	int daemon_fd;    /* thawd, which drives thaw-init; -1: thaw-init has a JVM, or it is done */
	pid_t daemon;
	char line[64];    /* what of a line has been read */
	size_t length;
};

/* All that a terminal, a shell or a service manager sends; faults and child events stay ours. */
void forwarded_signals(sigset_t *set)
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
	if (restore->daemon_fd >= 0) /* before its thaw-init goes: it is not to complain of that */
		daemon_signal(restore->daemon_fd, sig);
	kill(restore->init, SIGTERM);
}

bool ends_a_command(int sig)
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
	} else if ((int)info.ssi_signo == restore->mark_signal) {
		kill(restore->init, info.ssi_signo);
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

static void on_root(struct restore *restore, pid_t root)
{
	restore->root = root;
	if (restore->root_fd < 0)
		restore->root_fd = syscall(SYS_pidfd_open, root, 0); /* close-on-exec, always */
}

/* A signal that was to end the restore came too late for that: it is the tree's. */
static void on_running(struct restore *restore)
{
	restore->running = true;
	if (restore->abort_signal)
		syscall(SYS_pidfd_send_signal, restore->root_fd, restore->abort_signal, NULL, 0);
	if (restore->detach)
		restore->code = restore->abort_signal ? 128 + restore->abort_signal : 0;
	restore->abort_signal = 0;
}

static void on_line(struct restore *restore, const char *line)
{
	int number;

	if (sscanf(line, "root %d", &number) == 1) {
		on_root(restore, number);
	} else if (sscanf(line, "running %d", &number) == 1) {
		on_root(restore, number);
		on_running(restore);
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

	if (restore->daemon_fd >= 0 && !restore->running && !restore->abort_signal) {
		restore->status_fd = -1; /* thawd has noticed, and says what was wrong */
		return;
	}
	if (waitpid(restore->init, &status, 0) == restore->init && WIFSIGNALED(status) &&
	    !restore->abort_signal)
		complain("thaw-init (pid %d) was killed by signal %d (%s)%s", restore->init,
			 WTERMSIG(status), strsignal(WTERMSIG(status)),
			 restore->running ? ", and the restored tree with it" : "; nothing was restored");
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

/* That the tree runs is said before how the command ended. */
static void on_daemon(struct restore *restore)
{
	int code = daemon_receive(restore->daemon_fd);
	struct pollfd status = { .fd = restore->status_fd, .events = POLLIN };

	restore->daemon_fd = -1; /* the caller closes it */
	while (restore->code < 0 && !restore->running && poll(&status, 1, 0) > 0) {
		on_status(restore);
		status.fd = restore->status_fd;
	}
	if (restore->running || restore->abort_signal)
		return;
	if (code < 0)
		complain_of_daemon(restore->daemon);
	restore->code = code > 0 ? code : EXIT_FAILED;
}

static void loop(struct restore *restore)
{
	while (restore->code < 0) {
		struct pollfd fds[] = { { .fd = restore->status_fd, .events = POLLIN },
					{ .fd = restore->signal_fd, .events = POLLIN },
					{ .fd = restore->daemon_fd, .events = POLLIN } };
		int ready = poll(fds, 3, restore->abort_signal ? ABORT_MILLIS : -1);

		if (!ready)
			kill(restore->init, SIGKILL);
		/* First: who has read of the root may signal us and expect the root to get it. */
		if (ready > 0 && fds[0].revents)
			on_status(restore);
		if (ready > 0 && fds[1].revents)
			on_signal(restore);
		if (ready > 0 && fds[2].revents && restore->code < 0)
			on_daemon(restore);
	}
	if (restore->running)
		return;
	/* Nothing runs, and nothing may be left when we return. */
	waitpid(restore->init, NULL, 0);
	if (restore->abort_signal)
		restore->code = 128 + restore->abort_signal;
}

int supervise(const struct supervised *what)
{
	struct restore restore = { .status_fd = what->status_read,
				   .root_fd = -1,
				   .code = -1,
				   .detach = what->detach,
				   .mark_signal = what->mark_signal,
				   .daemon_fd = what->daemon_fd,
				   .daemon = what->daemon };
	static bool blocked; /* by the one before, where several are made */
	static sigset_t old;
	sigset_t set;

	/* Blocked before the fork, so that no signal is lost between the two. */
	forwarded_signals(&set);
	sigprocmask(SIG_BLOCK, &set, blocked ? NULL : &old);
	blocked = true;
	restore.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (restore.signal_fd < 0) {
		complain("signalfd: %s", strerror(errno));
		return EXIT_FAILED;
	}
	/* A plain fork where there are no namespaces to make. */
	restore.init = syscall(SYS_clone, what->namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
	if (restore.init < 0) {
		complain("clone for thaw-init: %s", strerror(errno));
		return errno == EPERM ? EXIT_NOT_ALLOWED : EXIT_FAILED;
	}
	if (!restore.init) {
		const char *failed;
		int err = furnish_namespaces(what->namespaces, &failed);

		if (err) {
			complain("%s: %s", failed, strerror(-err));
			_exit(EXIT_NOT_ALLOWED);
		}
		sigprocmask(SIG_SETMASK, &old, NULL);
		fcntl(what->status_write, F_SETFD, 0);
		if (what->control_fd >= 0)
			fcntl(what->control_fd, F_SETFD, 0);
		execv(what->command[0], what->command);
		complain("exec %s: %s", what->command[0], strerror(errno));
		_exit(EXIT_FAILED);
	}
	close(what->status_write);
	if (what->control_fd >= 0)
		close(what->control_fd);
	loop(&restore);
	close(restore.signal_fd);
	if (restore.root_fd >= 0)
		close(restore.root_fd);
	if (restore.status_fd >= 0)
		close(restore.status_fd);
	return restore.code;
}
