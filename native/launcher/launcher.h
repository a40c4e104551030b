/* The launcher: finds its own files and a JVM, and stands between the caller and a restored tree. */
#ifndef THAW_LAUNCHER_H
#define THAW_LAUNCHER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* Exit codes; dev.thaw.cli.ExitCode has the same. */
enum {
	EXIT_FAILED = 1,
	EXIT_NOT_ALLOWED = 5,
};

/* Where things are. All paths are absolute. */
struct place {
	char home[PATH_MAX]; /* holds thaw.jar, lib/, native/ and thaw.jsa */
	char java[PATH_MAX]; /* the java binary, symbolic links resolved */
	int java_version;    /* feature release, 0 where the JDK does not say */
};

/* Fills in home. Returns 0, or an exit code after having said on stderr what is wrong. */
int find_home(struct place *place) __attribute__((warn_unused_result));

/* Fills in java and java_version. Returns as find_home. */
int find_java(struct place *place) __attribute__((warn_unused_result));

/*
 * The command line of the JVM: flags, main class, the caller's arguments. The array starts with
 * `reserved` free slots. Never freed: the launcher execs.
 */
char **jvm_command(const struct place *place, int reserved, char **args);

/* What thaw-init tells us comes through it. */
struct status_pipe {
	int read;
	int write; /* thaw-init's end */
};

/*
 * Runs thaw-init (command[0]) and stays until the tree ends, or, if it is to be detached, until it
 * runs. Forwards signals to the tree's root. Returns the exit code.
 */
int supervise(char **command, const struct status_pipe *status, bool detach);

/* Says "thaw: ..." on stderr, in one line. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
