/* The launcher: finds its own files and a JVM, and stands between the caller and a restored tree. */
#ifndef THAW_LAUNCHER_H
#define THAW_LAUNCHER_H

#include <limits.h>
#include <signal.h>
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

/* A JVM lives for one command, or serves. */
enum jvm_life { JVM_SHORT, JVM_SERVES };

/*
 * The command line of the JVM: flags, main class, the caller's arguments. The array starts with
 * `reserved` free slots. Never freed: the launcher execs.
 */
char **jvm_command(const struct place *place, enum jvm_life life, int reserved, char **args);

/* A thaw-init to be started, and how it and its driver are heard. All descriptors are close-on-exec. */
struct supervised {
	char **command;	  /* command[0] is thaw-init */
	int status_read;  /* what thaw-init tells us comes through it */
	int status_write; /* thaw-init's end */
	int control_fd;	  /* thaw-init's end of the socket to its driver; -1: it starts a JVM */
	bool detach;	  /* return once the tree runs */
	int mark_signal;  /* ends a recording; 0: none does */
	unsigned long namespaces; /* CLONE_NEW* that it is born into */
	int daemon_fd;	  /* thawd, which drives; or -1 */
	pid_t daemon;
};

/*
 * Runs thaw-init and stays until the tree ends, or, if it is to be detached, until it runs. Forwards
 * signals to the tree's root, but mark_signal to thaw-init. Returns the exit code.
 */
int supervise(const struct supervised *what);

/*
 * In a child that was born into new namespaces: mounts of its own, /proc of its pid namespace, lo up.
 * Returns 0 or -errno, and what failed.
 */
int furnish_namespaces(unsigned long namespaces, const char **what) __attribute__((warn_unused_result));

/* All that a terminal, a shell or a service manager sends; faults and child events stay ours. */
void forwarded_signals(sigset_t *set);

/* True for those that end a command by default. */
bool ends_a_command(int sig);

/*
 * A connection to the thawd of this machine, if there is one that may have our commands: of our user or
 * root, in our namespaces. Else -1.
 */
int daemon_connect(pid_t *peer) __attribute__((warn_unused_result));

/* Sends a command; `control` as in struct thaw_daemon_msg, or -1. Returns 0 or -errno. */
int daemon_send(int fd, char **args, int control) __attribute__((warn_unused_result));

/* Tells that a signal ended the command here. */
void daemon_signal(int fd, int sig);

/* The exit code that thawd tells; a refusal has been shown. -1: thawd is gone. */
int daemon_receive(int fd) __attribute__((warn_unused_result));

void complain_of_daemon(pid_t peer);

/* Has thawd run a command, to its end. Returns its exit code, or -1 where it could not be sent. */
int hand_over(int daemon_fd, pid_t peer, char **args) __attribute__((warn_unused_result));

/* Becomes thawd, or starts one and returns an exit code once it serves. */
int start_daemon(const struct place *place, char **args);

/* Says "thaw: ..." on stderr, in one line. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
