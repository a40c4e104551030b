/*
 * Who is told by a signal that a file is ready: F_SETOWN (process, group, main thread of a child), F_SETSIG,
 * O_ASYNC on pipes and sockets. Nothing is told during the restore, and all of it afterwards.
 */
#include "frame.h"

#include <sys/socket.h>

static void own(int fd, int type, pid_t pid, int sig)
{
	OK(fcntl(fd, F_SETOWN_EX, &(struct f_owner_ex){ type, pid }));
	OK(fcntl(fd, F_SETSIG, sig));
	OK(fcntl(fd, F_SETFL, OK(fcntl(fd, F_GETFL)) | O_ASYNC));
}

static void check_owner(const char *what, int fd, int type, pid_t pid, int sig)
{
	struct f_owner_ex owner;

	OK(fcntl(fd, F_GETOWN_EX, &owner));
	CHECK_EQ(what, owner.type, type);
	CHECK_EQ(what, owner.pid, pid);
	CHECK_EQ(what, OK(fcntl(fd, F_GETSIG)), sig);
	CHECK_EQ(what, OK(fcntl(fd, F_GETFL)) & O_ASYNC, O_ASYNC);
}

/* the one signal of the set that is pending; it says which descriptor is ready */
static void expect_signal(const char *what, int sig, int fd)
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set), sigaddset(&set, sig);
	CHECK_EQ(what, sigtimedwait(&set, &info, &(struct timespec){ 5, 0 }), sig);
	CHECK_EQ(what, info.si_fd, fd);
}

static void check_quiet(const char *what)
{
	sigset_t pending;

	OK(sigpending(&pending));
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		CHECK(what, !sigismember(&pending, sig));
	CHECK(what, !sigismember(&pending, SIGIO));
}

int main(int argc, char **argv)
{
	int pipe_fds[2], pair[2], group[2], plain[2];
	sigset_t all;
	uid_t uids[2];

	frame_start(argc, argv);
	sigfillset(&all);
	OK(sigprocmask(SIG_SETMASK, &all, NULL));
	OK(pipe(pipe_fds)), OK(pipe(plain));
	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, group));
	pid_t pid = frame_fork();
	if (pid == 0) {
		OK(close(pair[0]));
		OK(setpgid(0, 0)); /* a signal to the group is the parent's */
		own(pair[1], F_OWNER_PID, getpid(), SIGRTMIN + 3);
		frame_wait();
		check_owner("the child's", pair[1], F_OWNER_PID, getpid(), SIGRTMIN + 3);
		check_quiet("in the child before");
		OK(write(pipe_fds[1], "x", 1));
		expect_signal("in the child", SIGRTMIN + 3, pair[1]);
		frame_pass();
	}
	OK(close(pair[1]));
	own(pipe_fds[0], F_OWNER_PID, getpid(), SIGRTMIN + 1);
	own(group[1], F_OWNER_PGRP, getpgrp(), SIGRTMIN + 2);
	own(plain[0], F_OWNER_TID, getpid(), 0);
	OK(fcntl(pair[0], F_SETSIG, SIGRTMIN + 3));
	OK(setresuid(1234, 1235, 0));
	OK(fcntl(plain[0], F_SETOWN_EX, &(struct f_owner_ex){ F_OWNER_TID, getpid() }));
	OK(setresuid(0, 0, 0));
	frame_wait();
	SABOTAGE("O_ASYNC is lost")
		OK(fcntl(pipe_fds[0], F_SETFL, 0));
	SABOTAGE("another is told")
		own(group[1], F_OWNER_PID, pid, SIGRTMIN + 2);
	SABOTAGE("another signal tells it")
		OK(fcntl(pair[0], F_SETSIG, 0));
	SABOTAGE("root has set it")
		OK(fcntl(plain[0], F_SETOWN_EX, &(struct f_owner_ex){ F_OWNER_TID, getpid() }));
	SABOTAGE("it tells too much")
		OK(send(group[0], "x", 1, 0));

	check_quiet("before");
	check_owner("pipe", pipe_fds[0], F_OWNER_PID, getpid(), SIGRTMIN + 1);
	check_owner("group", group[1], F_OWNER_PGRP, getpgrp(), SIGRTMIN + 2);
	check_owner("main thread", plain[0], F_OWNER_TID, getpid(), 0);
	CHECK_EQ("signal of the pair", OK(fcntl(pair[0], F_GETSIG)), SIGRTMIN + 3);
	OK(fcntl(plain[0], 17 /* F_GETOWNER_UIDS */, uids));
	CHECK_EQ("who set it", uids[0], 1234);
	CHECK_EQ("who set it, effectively", uids[1], 1235);
	OK(send(group[0], "x", 1, 0));
	expect_signal("group", SIGRTMIN + 2, group[1]);
	OK(kill(pid, SIGUSR2));
	expect_signal("pipe", SIGRTMIN + 1, pipe_fds[0]);
	OK(send(pair[0], "x", 1, 0));
	frame_reap(pid, 0);
	return frame_pass();
}
