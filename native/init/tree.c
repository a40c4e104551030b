/* Processes: the JVM, thaw-pager, the root of the restored tree, and what becomes of them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../pager/pager.h"
#include "init.h"

#define MAX_JVM_RESTARTS 50
#define MAX_PAGER_CRASHES 5

void status_line(const char *format, ...)
{
	va_list args;

	if (init.status_fd < 0)
		return;
	va_start(args, format);
	vdprintf(init.status_fd, format, args);
	va_end(args);
}

static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void set_control(int fd)
{
	int old = init.control_fd;

	/* thaw-keeper must never take a number for it that is something else already. */
	init.filler->control_fd = -1;
	if (old >= 0)
		close(old);
	init.control_fd = fd;
	init.filler->control_fd = fd;
}

int tree_start_jvm(char *const argv[])
{
	char number[16];
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		unblock_signals();
		/* What the terminal sends is for the tree, or for the launcher to end us with. */
		signal(SIGINT, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		signal(SIGTSTP, SIG_IGN);
		fcntl(pair[1], F_SETFD, 0);
		snprintf(number, sizeof(number), "%d", pair[1]);
		setenv("THAW_INIT_FD", number, 1);
		execv(argv[0], argv);
		dprintf(2, "thaw-init: cannot run %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(pair[1]);
	set_control(pair[0]);
	init.jvm_pid = pid;
	init.filler->jvm_pid = pid;
	return 0;
}

int tree_start_filler(void)
{
	char *argv[256];
	size_t words = 0;
	char *text = init.filler->argv;

	if (!init.filler->bytes || init.jvm_restarts >= MAX_JVM_RESTARTS)
		return -ECHILD;
	init.jvm_restarts++;
	for (size_t at = 0; at < init.filler->bytes && words < 255; at += strlen(text + at) + 1)
		argv[words++] = text + at;
	argv[words] = NULL;
	return tree_start_jvm(argv);
}

/*
 * CLONE_FILES: the descriptor that a FORK event makes must outlive its reader. No CLONE_VM and no
 * exec: exec would end the sharing.
 */
int tree_start_pager(void)
{
	pid_t parent = getpid();
	long pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid < 0)
		return -errno;
	if (!pid)
		thaw_pager_main(init.session_fd, parent);
	init.pager_pid = pid;
	init.session->pager_generation++;
	__atomic_store_n(&init.session->pager_pid, (int32_t)pid, __ATOMIC_RELEASE);
	return 0;
}

static void remember(pid_t pid, int status)
{
	unsigned int at = init.reaped_count++ % 64;

	init.reaped[at].pid = pid;
	init.reaped[at].status = status;
}

static void pager_died(int status)
{
	init.pager_pid = 0;
	if (__atomic_load_n(&init.session->serving, __ATOMIC_ACQUIRE) == THAW_RETIRED)
		init.serving = false;
	if (!init.serving) {
		if (init.keeper_pid)
			kill(init.keeper_pid, SIGKILL);
		return;
	}
	if (__atomic_load_n(&init.session->fatal, __ATOMIC_ACQUIRE) ||
	    (!(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) &&
	     ++init.pager_crashes > MAX_PAGER_CRASHES)) {
		dprintf(2, "thaw-init: the pager cannot go on (errno %u); the tree is killed\n",
			init.session->fatal_errno);
		tree_exit(1);
	}
	tree_need_pager();
}

/* Where none can be cloned (pids.max, memory) the tree's threads wait, and it is tried again. */
void tree_need_pager(void)
{
	int err = 0;

	if (init.serving && !init.pager_pid)
		err = tree_start_pager();
	if (err && err != init.pager_error)
		dprintf(2, "thaw-init: no new pager yet: %s\n", strerror(-err));
	init.pager_error = err;
}

/* Whoever killed it may kill us next: there is to be one at all times. */
static void keeper_died(void)
{
	init.keeper_pid = 0;
	if (init.serving && keeper_start())
		dprintf(2, "thaw-init: no new keeper: %s\n", strerror(errno));
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void tree_need_filler(void)
{
	bool filled = __atomic_load_n(&init.session->fill_done, __ATOMIC_ACQUIRE) ||
		      __atomic_load_n(&init.session->serving, __ATOMIC_ACQUIRE) == THAW_RETIRED;
	int err;

	if (init.touches->state == THAW_RECORDING_GONE)
		return; /* who has died was to write that down */
	if (filled && !thaw_touches_recording(init.touches))
		return;
	err = tree_start_filler();
	if (err && !filled) {
		dprintf(2, "thaw-init: nobody is left to fill the memory (%u fillers died: %s); "
			"the tree is killed\n", init.jvm_restarts, strerror(-err));
		tree_exit(1);
	}
}

static void jvm_died(int status)
{
	init.jvm_pid = 0;
	set_control(-1);
	if (!init.running) { /* a failed restore leaves nothing behind */
		tree_kill();
		status_line("failed %d\n", exit_code(status));
		tree_exit(exit_code(status));
	}
	tree_need_filler();
}

void tree_report_root(void)
{
	for (unsigned int i = 0; i < 64 && init.running && !init.root_reported; i++) {
		if (init.reaped[i].pid == init.root_pid) {
			init.root_reported = true;
			init.root_status = init.reaped[i].status;
			status_line("exited %d\n", init.root_status);
		}
	}
}

static void child_died(pid_t pid, int status)
{
	const uint64_t one = 1;

	if (pid == init.pager_pid) {
		pager_died(status);
		return;
	}
	if (pid == init.jvm_pid) {
		jvm_died(status);
		return;
	}
	if (pid == init.keeper_pid) {
		keeper_died();
		return;
	}
	remember(pid, status);
	tree_report_root();
	/* The pager looks whether an address space went with it. */
	if (init.serving && write(init.session->pager_eventfd, &one, sizeof(one)) < 0)
		return;
}

void tree_reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		child_died(pid, status);
}

static int children(pid_t *pids, int max)
{
	char path[64], word[16];
	int count = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (count < max && fscanf(f, "%15s", word) == 1) {
		pid_t pid = atoi(word);

		if (pid != init.pager_pid && pid != init.jvm_pid && pid != init.keeper_pid)
			pids[count++] = pid;
	}
	fclose(f);
	return count;
}

bool tree_has_children(void)
{
	pid_t one;

	return children(&one, 1) > 0;
}

void tree_kill(void)
{
	pid_t pids[256];
	int n;

	/* We are the subreaper: children of the killed become ours. */
	while ((n = children(pids, 256)) > 0) {
		for (int i = 0; i < n; i++)
			kill(pids[i], SIGKILL);
		for (int i = 0; i < n; i++)
			waitpid(pids[i], NULL, 0);
	}
}

void tree_exit(int code)
{
	init.serving = false;
	if (init.jvm_pid) /* first: it may trace what is to be reaped */
		kill(init.jvm_pid, SIGKILL);
	tree_kill(); /* before the userfaultfds are closed: no thread may run on zeros */
	if (init.running && !init.root_reported)
		status_line("exited %d\n", SIGKILL);
	if (init.keeper_pid)
		kill(init.keeper_pid, SIGKILL);
	if (init.pager_pid)
		kill(init.pager_pid, SIGKILL);
	exit(code);
}
