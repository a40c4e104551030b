/* Starts thawd: in this process, or detached from the caller. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool detached(char **args)
{
	for (; *args; args++) {
		if (!strcmp(*args, "-d") || !strcmp(*args, "--detach"))
			return true;
	}
	return false;
}

static int exec_jvm(const struct place *place, char **command)
{
	/* One heap of malloc, not one for each thread: they would not be given back. */
	setenv("MALLOC_ARENA_MAX", "1", 1);
	setenv("MALLOC_TRIM_THRESHOLD_", "131072", 1);
	execv(place->java, command);
	complain("exec %s: %s", place->java, strerror(errno));
	return EXIT_FAILED;
}

/* The JVM writes a byte once it serves, and lets go of standard error then. */
static int await_serving(pid_t pid, int ready)
{
	int status;
	char byte;

	while (read(ready, &byte, 1) < 0 && errno == EINTR)
		;
	if (waitpid(pid, &status, WNOHANG) == 0)
		return 0;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	complain("thawd (pid %d) was killed by signal %d before it served", pid, WTERMSIG(status));
	return EXIT_FAILED;
}

int start_daemon(const struct place *place, char **args)
{
	char **command = jvm_command(place, JVM_SERVES, 0, args);
	int ready[2], null;
	char number[16];
	pid_t pid;

	if (!detached(args))
		return exec_jvm(place, command);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || pipe2(ready, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		complain("cannot start thawd: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (!pid) {
		setsid();
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		fcntl(ready[1], F_SETFD, 0);
		snprintf(number, sizeof(number), "%d", ready[1]);
		setenv("THAWD_READY_FD", number, 1);
		_exit(exec_jvm(place, command));
	}
	close(ready[1]);
	return await_serving(pid, ready[0]);
}
