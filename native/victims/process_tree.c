/*
 * A tree of three levels: pids, parents, process groups, sessions, names; two groups in one session, a
 * session of a child's own, a stopped child.
 */
#include "frame.h"

struct place {
	pid_t pid, parent, group, session;
	char name[16];
};

static void note(struct place *p, const char *name)
{
	OK(prctl(PR_SET_NAME, name));
	*p = (struct place){ getpid(), getppid(), getpgrp(), getsid(0), "" };
	strcpy(p->name, name);
}

static void check(const struct place *p)
{
	char name[16];

	CHECK_EQ("pid", getpid(), p->pid);
	CHECK_EQ("tid", syscall(SYS_gettid), p->pid);
	CHECK_EQ("ppid", getppid(), p->parent);
	CHECK_EQ("process group", getpgrp(), p->group);
	CHECK_EQ("session", getsid(0), p->session);
	OK(prctl(PR_GET_NAME, name));
	CHECK_STR("name", name, p->name);
}

/* A child that starts a group or a session, and has two children; the second starts its own group. */
static pid_t branch(const char *name, bool session)
{
	struct place here, leaf;
	pid_t pid = frame_fork();

	if (pid)
		return pid;
	OK(session ? setsid() : setpgid(0, 0));
	note(&here, name);
	pid_t first = frame_fork();
	if (first == 0) {
		note(&leaf, "leaf-one");
		frame_wait();
		SABOTAGE("the leaf is in another session")
			OK(setsid());
		check(&leaf);
		frame_pass();
	}
	pid_t second = frame_fork();
	if (second == 0) {
		OK(setpgid(0, 0));
		note(&leaf, "leaf-two");
		frame_wait();
		SABOTAGE("the leaf is in another group")
			OK(setpgid(0, getppid()));
		check(&leaf);
		frame_pass();
	}
	frame_wait();
	SABOTAGE("another name")
		OK(prctl(PR_SET_NAME, "wrong"));
	check(&here);
	frame_join(first);
	frame_join(second);
	frame_pass();
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	pid_t pid = getpid(), session = getsid(0), group = getpgrp();
	pid_t one = branch("branch-one", false), two = branch("branch-two", true);
	pid_t stopped = OK(fork());
	if (stopped == 0) {
		raise(SIGSTOP);
		_exit(7);
	}
	int status;
	CHECK_EQ("stopped", OK(waitpid(stopped, &status, WUNTRACED)), stopped);

	frame_wait();
	SABOTAGE("the stopped child runs") {
		OK(kill(stopped, SIGCONT));
		siginfo_t info;
		OK(waitid(P_PID, stopped, &info, WEXITED | WNOWAIT));
	}
	CHECK_EQ("pid", getpid(), pid);
	CHECK_EQ("session", getsid(0), session);
	CHECK_EQ("process group", getpgrp(), group);
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/status", stopped);
	CHECK_EQ("state of the stopped child", *frame_proc_value(path, "State"), 'T');
	OK(kill(stopped, SIGCONT));
	frame_reap(stopped, 7 << 8);
	frame_join(one);
	frame_join(two);
	CHECK_ERRNO(waitpid(-1, NULL, WNOHANG), ECHILD);
	return frame_pass();
}
