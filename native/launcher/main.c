/*
 * thaw: starts the JVM that runs a command. `restore` runs under thaw-init, which becomes the parent
 * of the restored tree; every other command replaces this process.
 *
 *     thaw restore ...                      thaw dump ...
 *       └ thaw-init                           (execs) java
 *           ├ java
 *           └ the restored tree
 */
#include "launcher.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void complain(const char *format, ...)
{
	char line[PATH_MAX + 512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fprintf(stderr, "thaw: %s\n", line);
}

/* True where -d is among the options, alone or in a cluster; what follows D in one is a directory. */
static bool asks_to_detach(char **args)
{
	for (; *args; args++) {
		const char *arg = *args;

		if (!strcmp(arg, "--detach") || !strcmp(arg, "--restore-detached"))
			return true;
		if (arg[0] == '-' && arg[1] != '-' && arg[strcspn(arg, "dD")] == 'd')
			return true;
		if (!strcmp(arg, "-D") || !strcmp(arg, "--images-dir") || !strcmp(arg, "--pidfile"))
			args += args[1] != NULL;
	}
	return false;
}

/* thaw-init, its options and "--" before the JVM's command. */
static int restore_under_init(const struct place *place, char **args)
{
	enum { INIT_ARGS = 6 };
	bool detach = asks_to_detach(args);
	char init[PATH_MAX + 32], fd_text[16];
	char **command = jvm_command(place, INIT_ARGS, args);
	int fds[2];

	if (pipe(fds) < 0) {
		complain("pipe: %s", strerror(errno));
		return EXIT_FAILED;
	}
	snprintf(init, sizeof(init), "%s/native/thaw-init", place->home);
	snprintf(fd_text, sizeof(fd_text), "%d", fds[1]);
	command[0] = init;
	command[1] = "--status-fd";
	command[2] = fd_text;
	command[3] = "--detach";
	command[4] = detach ? "1" : "0";
	command[5] = "--";
	return supervise(command, &(struct status_pipe){ fds[0], fds[1] }, detach);
}

/* Options before the command (-v) do not hide it. */
static bool is_restore(char **args)
{
	for (; *args; args++) {
		if ((*args)[0] != '-')
			return !strcmp(*args, "restore");
	}
	return false;
}

/* Help needs no thaw-init and must work wherever the JVM does. */
static bool asks_for_help(char **args)
{
	for (; *args; args++) {
		if (!strcmp(*args, "-h") || !strcmp(*args, "--help"))
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	static struct place place;
	char **command;
	int err;

	(void)argc;
	err = find_home(&place);
	if (!err)
		err = find_java(&place);
	if (err)
		return err;
	if (is_restore(argv + 1) && !asks_for_help(argv + 1))
		return restore_under_init(&place, argv + 1);
	command = jvm_command(&place, 0, argv + 1);
	execv(place.java, command);
	complain("exec %s: %s", place.java, strerror(errno));
	return EXIT_FAILED;
}
