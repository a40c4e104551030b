/*
 * thaw: has a command run, by thawd where it serves, else by a JVM that it starts. `restore` runs
 * under thaw-init, which is started here, in the caller's context, and becomes the parent of the
 * restored tree; in its own JVM every other command replaces this process.
 *
 *     thaw restore ...          thaw dump ...      thaw restore ...            thaw dump ...
 *       └ thaw-init               (execs) java       │ └ thaw-init              ┊
 *           ├ java                                   ┊     └ the restored tree  ┊
 *           └ the restored tree                    thawd (drives thaw-init)    thawd
 */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
		if (!strcmp(arg, "-D") || !strcmp(arg, "--images-dir") ||
		    !strcmp(arg, "--pidfile") || !strcmp(arg, "--record-until-signal"))
			args += args[1] != NULL;
	}
	return false;
}

/* The signals that --record-until-signal takes; dev.thaw.cli.RestoreCommand refuses all others. */
static int signal_named(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = { { "HUP", SIGHUP },   { "USR1", SIGUSR1 },   { "USR2", SIGUSR2 },
			{ "ALRM", SIGALRM }, { "WINCH", SIGWINCH }, { "URG", SIGURG },
			{ "PWR", SIGPWR } };

	if (!strncmp(name, "SIG", 3))
		name += 3;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (!strcmp(name, signals[i].name))
			return signals[i].number;
	}
	return 0;
}

/* The signal that ends a recording, or 0. */
static int mark_signal(char **args)
{
	static const char option[] = "--record-until-signal";

	for (; *args; args++) {
		size_t length = sizeof(option) - 1;

		if (!strcmp(*args, option))
			return args[1] ? signal_named(args[1]) : 0;
		if (!strncmp(*args, option, length) && (*args)[length] == '=')
			return signal_named(*args + length + 1);
	}
	return 0;
}

/* thaw-init's own command line; then `command` has `reserved` - 5 words of it left to set. */
static void init_words(char **command, const struct place *place, int status_fd, bool detach)
{
	static char init[PATH_MAX + 32], fd_text[16];

	snprintf(init, sizeof(init), "%s/native/thaw-init", place->home);
	snprintf(fd_text, sizeof(fd_text), "%d", status_fd);
	command[0] = init;
	command[1] = "--status-fd";
	command[2] = fd_text;
	command[3] = "--detach";
	command[4] = detach ? "1" : "0";
}

static int status_pipe(struct supervised *what)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0) {
		complain("pipe: %s", strerror(errno));
		return EXIT_FAILED;
	}
	what->status_read = fds[0];
	what->status_write = fds[1];
	return 0;
}

/* thaw-init, its options and "--" before the JVM's command. */
static int restore_in_own_jvm(const struct place *place, char **args)
{
	enum { INIT_ARGS = 8 };
	static char mark_text[16];
	struct supervised what = { .control_fd = -1,
				   .daemon_fd = -1,
				   .detach = asks_to_detach(args),
				   .mark_signal = mark_signal(args) };
	int err = status_pipe(&what);

	if (err)
		return err;
	what.command = jvm_command(place, JVM_SHORT, INIT_ARGS, args);
	init_words(what.command, place, what.status_write, what.detach);
	snprintf(mark_text, sizeof(mark_text), "%d", what.mark_signal);
	what.command[5] = "--mark-signal";
	what.command[6] = mark_text;
	what.command[7] = "--";
	return supervise(&what);
}

/* A thaw-init that thawd drives. Returns -1 where the command could not be sent. */
static int drive_by_daemon(const struct place *place, int daemon_fd, pid_t daemon, char **args,
			   bool detach, unsigned long namespaces)
{
	char control_text[16], *command[8] = { NULL };
	struct supervised what = { .command = command,
				   .daemon_fd = daemon_fd,
				   .daemon = daemon,
				   .detach = detach,
				   .namespaces = namespaces };
	int pair[2], err = status_pipe(&what);

	if (err)
		return err;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		complain("socketpair: %s", strerror(errno));
		return EXIT_FAILED;
	}
	err = daemon_send(daemon_fd, args, pair[1]);
	close(pair[1]);
	if (err) {
		close(pair[0]);
		close(what.status_read);
		close(what.status_write);
		return -1;
	}
	init_words(command, place, what.status_write, what.detach);
	snprintf(control_text, sizeof(control_text), "%d", pair[0]);
	command[5] = "--control-fd";
	command[6] = control_text;
	what.control_fd = pair[0];
	return supervise(&what);
}

/* Options before the command (-v) do not hide it. */
static const char *command_of(char **args)
{
	for (; *args; args++) {
		if ((*args)[0] != '-')
			return *args;
	}
	return "";
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

static bool is_command(char **args, const char *command)
{
	return !strcmp(command_of(args), command) && !asks_for_help(args);
}

static bool has(char **args, const char *option)
{
	for (; *args; args++) {
		if (!strcmp(*args, option))
			return true;
	}
	return false;
}

/* A recording takes as long as its tree may live, and ends with a JVM that waits for that. */
static bool records(char **args)
{
	for (; *args; args++) {
		if (!strncmp(*args, "--record", strlen("--record")))
			return true;
	}
	return false;
}

/* The number after -n, 0 without; one that is none is left to the JVM's parser to refuse. */
static int count_of(char **args)
{
	for (; *args; args++) {
		if (!strncmp(*args, "-n", 2))
			return atoi((*args)[2] ? *args + 2 : args[1] ? args[1] : "");
	}
	return 0;
}

/*
 * Each clone has a thaw-init of its own, in namespaces of its own unless it gets new pids, and is one
 * request to thawd.
 */
static int clone_by_daemon(const struct place *place, int daemon_fd, pid_t daemon, char **args)
{
	unsigned long namespaces = has(args, "--new-pids") ? 0 : CLONE_NEWPID | CLONE_NEWNS;
	int count = count_of(args), code;

	if (has(args, "--net-namespace"))
		namespaces |= CLONE_NEWNET;
	if (count <= 0)
		return drive_by_daemon(place, daemon_fd, daemon, args, asks_to_detach(args),
				       namespaces);
	for (int made = 0; made < count; made++) {
		if (made)
			daemon_fd = daemon_connect(&daemon);
		code = daemon_fd < 0 ? -1 :
				       drive_by_daemon(place, daemon_fd, daemon, args, true, namespaces);
		if (made)
			close(daemon_fd);
		if (code && made)
			complain("%d of %d clones run", made, count);
		if (code)
			return code < 0 && made ? EXIT_FAILED : code;
	}
	return 0;
}

/* Returns the exit code, or -1: then a JVM of its own has to do it. */
static int run_by_daemon(const struct place *place, char **args)
{
	pid_t daemon;
	int fd, code;

	if (is_command(args, "restore") && records(args))
		return -1;
	fd = daemon_connect(&daemon);
	if (fd < 0)
		return -1;
	if (is_command(args, "restore"))
		code = drive_by_daemon(place, fd, daemon, args, asks_to_detach(args), 0);
	else if (is_command(args, "clone"))
		code = clone_by_daemon(place, fd, daemon, args);
	else
		code = hand_over(fd, daemon, args);
	close(fd);
	return code;
}

static int run_in_own_jvm(struct place *place, char **args)
{
	char **command;
	int err = find_java(place);

	if (err)
		return err;
	if (is_command(args, "restore"))
		return restore_in_own_jvm(place, args);
	command = jvm_command(place, JVM_SHORT, 0, args);
	execv(place->java, command);
	complain("exec %s: %s", place->java, strerror(errno));
	return EXIT_FAILED;
}

/* The arguments: those of `thawd` are those of `thaw daemon`. */
static char **arguments(char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	static char daemon[] = "daemon";

	if (strcmp(slash ? slash + 1 : argv[0], "thawd"))
		return argv + 1;
	argv[0] = daemon;
	return argv;
}

int main(int argc, char **argv)
{
	static struct place place;
	char **args = arguments(argv);
	bool own_jvm = argc > 1 && !strcmp(args[0], "--no-daemon");
	const char *command;
	int err, code = -1;

	args += own_jvm;
	command = command_of(args);
	err = find_home(&place);
	if (err)
		return err;
	if (!strcmp(command, "daemon") && !asks_for_help(args)) {
		err = find_java(&place);
		return err ? err : start_daemon(&place, args);
	}
	/* refill is for thaw-init, whose child must do it. */
	if (!own_jvm && strcmp(command, "refill") && strcmp(command, "daemon"))
		code = run_by_daemon(&place, args);
	return code >= 0 ? code : run_in_own_jvm(&place, args);
}
