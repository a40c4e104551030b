/*
 * Pending signals: standard and real-time, with their siginfo, in order, for the process and for single
 * threads; and the blocked masks that keep them pending.
 */
#include "frame.h"

#define RT (SIGRTMIN + 3)
#define QUEUED 20

static volatile pid_t tid;
static pthread_barrier_t barrier;

/* Takes the next pending signal of the set without waiting; 0 if there is none. */
static int take(const sigset_t *set, siginfo_t *info)
{
	struct timespec now = { 0, 0 };
	/* not the one of libc, which changes SI_TKILL to SI_USER */
	int number = syscall(SYS_rt_sigtimedwait, set, info, &now, 8);

	if (number < 0)
		CHECK_EQ("sigtimedwait", errno, EAGAIN);
	return number < 0 ? 0 : number;
}

static void queue_to(pid_t to_tid, int number, int value)
{
	siginfo_t info = { .si_signo = number, .si_code = SI_QUEUE, .si_pid = 4242, .si_uid = 17 };

	info.si_value.sival_int = value;
	if (to_tid)
		OK(syscall(SYS_rt_tgsigqueueinfo, getpid(), to_tid, number, &info));
	else
		OK(syscall(SYS_rt_sigqueueinfo, getpid(), number, &info));
}

static void only(sigset_t *set, int number)
{
	sigemptyset(set);
	sigaddset(set, number);
}

static void check_queue(const char *whose, int first)
{
	sigset_t set;
	siginfo_t info;

	only(&set, RT);
	for (int i = 0; i < QUEUED; i++) {
		CHECK_EQ(whose, take(&set, &info), RT);
		CHECK_EQ(whose, info.si_value.sival_int, first + i);
		CHECK_EQ(whose, info.si_code, SI_QUEUE);
		CHECK_EQ(whose, info.si_pid, 4242);
		CHECK_EQ(whose, info.si_uid, 17);
	}
}

static void *run(void *unused)
{
	sigset_t set;
	siginfo_t info;

	(void)unused;
	tid = gettid();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	only(&set, SIGTERM);
	SABOTAGE("the thread's SIGTERM is lost")
		take(&set, &info);
	/* those of the thread come before those of the process */
	check_queue("queue of the thread", 100);
	only(&set, SIGTERM);
	CHECK_EQ("standard signal of the thread", take(&set, &info), SIGTERM);
	CHECK_EQ("by tgkill", info.si_code, SI_TKILL);
	CHECK_EQ("by us", info.si_pid, getpid());
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	sigset_t blocked, now, set;
	siginfo_t info;

	frame_start(argc, argv);
	sigfillset(&blocked);
	sigdelset(&blocked, SIGINT);
	OK(sigprocmask(SIG_SETMASK, &blocked, NULL));
	OK(sigprocmask(SIG_SETMASK, NULL, &blocked));	/* the kernel drops some */
	OK0(pthread_barrier_init(&barrier, NULL, 2));
	OK0(pthread_create(&thread, NULL, run, NULL));
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < QUEUED; i++) {
		queue_to(0, RT, i);
		queue_to(tid, RT, 100 + i);
	}
	OK(kill(getpid(), SIGUSR1));
	OK(kill(getpid(), SIGUSR1));	/* a standard signal is pending once */
	OK(kill(getpid(), SIGHUP));
	OK(syscall(SYS_tgkill, getpid(), tid, SIGTERM));
	OK(syscall(SYS_tgkill, getpid(), getpid(), SIGWINCH));
	pid_t child = OK(fork());
	if (child == 0)
		_exit(3);
	OK(waitid(P_PID, child, &info, WEXITED | WNOWAIT));	/* SIGCHLD is pending */

	frame_wait();
	only(&set, RT);
	SABOTAGE("one of the queue is lost")
		take(&set, &info);
	only(&set, SIGHUP);
	SABOTAGE("SIGHUP is lost")
		take(&set, &info);
	SABOTAGE("a signal is not blocked") {
		only(&set, SIGURG);
		OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	}
	OK(sigprocmask(SIG_SETMASK, NULL, &now));
	for (int s = 1; s < 65; s++)
		CHECK_EQ("blocked", sigismember(&now, s), sigismember(&blocked, s));
	OK(sigpending(&set));
	for (int s = 1; s < 65; s++)
		CHECK_EQ("pending", sigismember(&set, s),
			 s == SIGUSR1 || s == SIGHUP || s == SIGWINCH || s == SIGCHLD || s == RT);
	check_queue("queue of the process", 0);
	only(&set, SIGUSR1);
	CHECK_EQ("SIGUSR1", take(&set, &info), SIGUSR1);
	CHECK_EQ("by kill", info.si_code, SI_USER);
	CHECK_EQ("by us", info.si_pid, getpid());
	CHECK_EQ("SIGUSR1 once", take(&set, &info), 0);
	only(&set, SIGHUP);
	CHECK_EQ("SIGHUP", take(&set, &info), SIGHUP);
	only(&set, SIGWINCH);
	CHECK_EQ("SIGWINCH of the main thread", take(&set, &info), SIGWINCH);
	CHECK_EQ("by tgkill", info.si_code, SI_TKILL);
	only(&set, SIGCHLD);
	CHECK_EQ("SIGCHLD", take(&set, &info), SIGCHLD);
	CHECK_EQ("of the child", info.si_pid, child);
	CHECK_EQ("which exited", info.si_code, CLD_EXITED);
	CHECK_EQ("its status", info.si_status, 3);
	pthread_barrier_wait(&barrier);
	OK0(pthread_join(thread, NULL));
	OK(sigpending(&set));
	for (int s = 1; s < 65; s++)
		CHECK_EQ("nothing pending in the end", sigismember(&set, s), 0);
	frame_reap(child, 3 << 8);
	return frame_pass();
}
