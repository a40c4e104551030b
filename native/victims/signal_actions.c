/* The action of every signal: handler, default or ignored; flags, mask; and that the handlers run as they say. */
#include "frame.h"

static volatile int handled, info_value, nested;

static void plain(int number)
{
	handled = number;
}

static void with_info(int number, siginfo_t *info, void *context)
{
	(void)context;
	handled = number;
	info_value = info->si_value.sival_int;
	sigset_t mask;
	OK(sigprocmask(SIG_SETMASK, NULL, &mask));
	nested = sigismember(&mask, SIGHUP) * 2 + sigismember(&mask, number);
}

/* As the kernel has it, not as libc shows it. */
struct kernel_action {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

static struct kernel_action action_of(int number)
{
	struct kernel_action action = { 0 };

	OK(syscall(SYS_rt_sigaction, number, NULL, &action, 8));
	return action;
}

static void set_some(int number)
{
	struct sigaction action = { 0 };

	sigemptyset(&action.sa_mask);
	switch (number % 6) {
	case 0:
		action.sa_handler = SIG_IGN;
		break;
	case 1:
		action.sa_handler = plain;
		action.sa_flags = SA_RESTART;
		break;
	case 2:
		action.sa_sigaction = with_info;
		action.sa_flags = SA_SIGINFO | SA_NODEFER;
		sigaddset(&action.sa_mask, SIGHUP);
		break;
	case 3:
		action.sa_sigaction = with_info;
		action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND;
		sigfillset(&action.sa_mask);
		break;
	case 4:
		action.sa_handler = plain;
		action.sa_flags = SA_NOCLDSTOP | SA_NOCLDWAIT;
		break;
	default:
		return;	/* stays as it was: default */
	}
	OK(sigaction(number, &action, NULL));
}

int main(int argc, char **argv)
{
	struct kernel_action before[65];

	frame_start(argc, argv);
	for (int n = 1; n < 65; n++) {
		if (n == SIGKILL || n == SIGSTOP || n == 32 || n == 33)
			continue;
		set_some(n);
	}
	for (int n = 1; n < 65; n++)
		before[n] = action_of(n);

	frame_wait();
	SABOTAGE("a handler is the default")
		signal(43, SIG_DFL);
	SABOTAGE("an ignored signal is the default")
		signal(SIGABRT, SIG_DFL);
	SABOTAGE("a mask is empty") {
		struct sigaction action;
		OK(sigaction(SIGRTMIN + 10, NULL, &action));
		sigemptyset(&action.sa_mask);
		OK(sigaction(SIGRTMIN + 10, &action, NULL));
	}
	SABOTAGE("a flag is lost") {
		struct sigaction action;
		OK(sigaction(SIGHUP, NULL, &action));
		action.sa_flags = 0;
		OK(sigaction(SIGHUP, &action, NULL));
	}
	for (int n = 1; n < 65; n++) {
		struct kernel_action now = action_of(n);
		char what[32];
		snprintf(what, sizeof(what), "action of signal %d", n);
		CHECK_MEM(what, &now, &before[n], sizeof(now));
	}
	raise(SIGHUP);
	CHECK_EQ("a plain handler runs", handled, SIGHUP);
	OK(sigqueue(getpid(), 38, (union sigval){ .sival_int = 4711 }));
	CHECK_EQ("a handler with siginfo runs", handled, 38);
	CHECK_EQ("with its value", info_value, 4711);
	CHECK_EQ("with its mask, itself not blocked", nested, 2);
	raise(39);
	CHECK_EQ("a handler that runs once", handled, 39);
	CHECK_EQ("with all signals blocked", nested, 3);
	CHECK_EQ("then it is the default", action_of(39).handler, (uintptr_t)SIG_DFL);
	raise(SIGABRT);	/* ignored */
	return frame_pass();
}
