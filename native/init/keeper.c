/*
 * thaw-keeper: the third holder of the tree's descriptors. It shares thaw-init's descriptor table,
 * does nothing while thaw-init lives, and takes its place when that is killed: so that after the
 * death of both thaw-init and thaw-pager, be it at once, faulting threads wait instead of reading
 * zeros, and a new pager goes on.
 *
 *     thaw-init ─┬─ thaw-pager ◄─── replaced by thaw-init, or else by thaw-keeper
 *                └─ thaw-keeper
 *
 * It cannot wait for the tree's processes, which are not below it: whether any is left it learns
 * from the pager, which lets go of the spaces of dead processes. The root's exit status is lost.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

#define LOOK_MILLIS 1000

static bool is_named(pid_t pid, const char *name)
{
	char path[64], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(comm, sizeof(comm), f))
		comm[0] = '\0';
	fclose(f);
	comm[strcspn(comm, "\n")] = '\0';
	return !strcmp(comm, name);
}

/* The pager that thaw-init had is not our child: it goes, and one of ours takes over. */
static void end_old_pager(void)
{
	pid_t old = __atomic_load_n(&init.session->pager_pid, __ATOMIC_ACQUIRE);
	int fd = old ? syscall(SYS_pidfd_open, old, 0) : -1;
	struct pollfd gone = {fd, POLLIN, 0};

	if (fd < 0)
		return;
	/* The descriptor names one process from here on; is it still the pager? */
	if (is_named(old, "thaw-pager")) {
		syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
		poll(&gone, 1, -1);
	}
	close(fd);
}

static bool any_space(void)
{
	uint32_t used = __atomic_load_n(&init.session->space_count, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < used; i++) {
		if (__atomic_load_n(&init.session->spaces[i].state, __ATOMIC_ACQUIRE) !=
		    THAW_SPACE_FREE)
			return true;
	}
	return false;
}

static void kill_spaces(void)
{
	for (uint32_t i = 0; i < init.session->space_count; i++) {
		const struct thaw_space_ref *ref = &init.session->spaces[i];

		if (ref->state == THAW_SPACE_READY && ref->pid > 0)
			kill(ref->pid, SIGKILL);
	}
}

/*
 * The JVM that fills goes on with us in the place of thaw-init; when it has died before its time, one
 * of ours does. One that is nobody's child here is there for as long as its connection.
 */
static void look_at_filler(void)
{
	pid_t filler = init.filler->jvm_pid;

	if (init.external_jvm || init.jvm_pid || (filler && !kill(filler, 0)) ||
	    __atomic_load_n(&init.session->fill_done, __ATOMIC_ACQUIRE))
		return;
	if (tree_start_filler())
		dprintf(2, "thaw-keeper: nobody is left to fill the memory\n");
}

static void control_lost(void)
{
	set_control(-1);
	init.external_jvm = init.filler->external_jvm = false;
}

static void serve(void)
{
	while (any_space()) {
		struct pollfd fds[2] = {{init.signal_fd, POLLIN, 0},
					{init.control_fd, POLLIN, 0}};
		char info[128];

		if (__atomic_load_n(&init.session->fatal, __ATOMIC_ACQUIRE))
			kill_spaces();
		look_at_filler();
		if (poll(fds, 2, init.pager_error ? PAGER_RETRY_MILLIS : LOOK_MILLIS) < 0 &&
		    errno != EINTR)
			break;
		tree_need_pager();
		while (read(init.signal_fd, info, sizeof(info)) > 0)
			;
		tree_reap();
		if (init.control_fd >= 0 && fds[1].revents && control_message())
			control_lost();
	}
}

static void take_over(void)
{
	prctl(PR_SET_NAME, "thaw-init");
	if (__atomic_load_n(&init.session->serving, __ATOMIC_ACQUIRE) == THAW_RETIRED)
		_exit(0);
	end_old_pager();
	init.pager_pid = init.jvm_pid = init.keeper_pid = 0;
	init.control_fd = init.filler->control_fd;
	init.external_jvm = init.filler->external_jvm;
	init.root_pid = init.filler->root_pid;
	init.running = init.serving = init.root_reported = true;
	status_line("orphaned %d\n", init.root_pid);
	tree_need_pager();
	if (keeper_start())
		dprintf(2, "thaw-keeper: no successor: %s\n", strerror(errno));
	serve();
	tree_exit(0);
}

_Noreturn static void keep(int init_pidfd)
{
	struct pollfd gone = {init_pidfd, POLLIN, 0};

	prctl(PR_SET_NAME, "thaw-keeper");
	/* thaw-init's own mappings are not inherited (MADV_DONTFORK). */
	init.session = mmap(NULL, sizeof(*init.session), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_NORESERVE, init.session_fd, 0);
	if (init.session == MAP_FAILED || record_map_log())
		_exit(1);
	while (poll(&gone, 1, -1) <= 0)
		;
	take_over();
	_exit(0);
}

/* CLONE_FILES, and no exec, which would end it: see tree_start_pager(). */
int keeper_start(void)
{
	static int fd = -1; /* of the keeper before */
	long pid;

	if (fd >= 0)
		close(fd);
	fd = syscall(SYS_pidfd_open, getpid(), 0);
	if (fd < 0)
		return -errno;
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0)
		return -errno;
	if (!pid)
		keep(fd);
	init.keeper_pid = pid;
	return 0;
}
