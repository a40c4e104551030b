/*
 * What prctl(2) sets: name, parent death signal, dumpable, subreaper, timer slack, THP off, machine check
 * policy.
 */
#include "frame.h"

static int get(int option)
{
	int value = 0;

	OK(prctl(option, &value));
	return value;
}

int main(int argc, char **argv)
{
	char name[16];

	frame_start(argc, argv);
	pid_t pid = frame_fork();
	if (pid == 0) {
		OK(prctl(PR_SET_PDEATHSIG, SIGRTMIN + 1));
		OK(prctl(PR_SET_NAME, "odd )\n name("));
		OK(prctl(PR_SET_TIMERSLACK, 123456));
		OK(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
		OK(prctl(PR_SET_DUMPABLE, 0));
		OK(prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
		OK(prctl(PR_SET_TSC, PR_TSC_ENABLE));
	} else {
		OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	}
	frame_wait();
	if (pid == 0) {
		SABOTAGE("the parent death signal is lost")
			OK(prctl(PR_SET_PDEATHSIG, 0));
		SABOTAGE("the name is another")
			OK(prctl(PR_SET_NAME, "odd"));
		SABOTAGE("the timer slack is another")
			OK(prctl(PR_SET_TIMERSLACK, 0));
		SABOTAGE("THP is on")
			OK(prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
		SABOTAGE("dumpable")
			OK(prctl(PR_SET_DUMPABLE, 1));
		SABOTAGE("the machine check policy is lost")
			OK(prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0));
		CHECK_EQ("parent death signal", get(PR_GET_PDEATHSIG), SIGRTMIN + 1);
		OK(prctl(PR_GET_NAME, name));
		CHECK_STR("name", name, "odd )\n name(");
		CHECK_EQ("timer slack", OK(prctl(PR_GET_TIMERSLACK)), 123456);
		CHECK_EQ("THP disabled", OK(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0)), 1);
		CHECK_EQ("dumpable", OK(prctl(PR_GET_DUMPABLE)), 0);
		CHECK_EQ("machine check policy", OK(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0)), PR_MCE_KILL_EARLY);
		CHECK_EQ("subreaper", get(PR_GET_CHILD_SUBREAPER), 0);
		frame_pass();
	}
	SABOTAGE("no subreaper")
		OK(prctl(PR_SET_CHILD_SUBREAPER, 0));
	CHECK_EQ("subreaper", get(PR_GET_CHILD_SUBREAPER), 1);
	CHECK_EQ("parent death signal", get(PR_GET_PDEATHSIG), 0);
	CHECK_EQ("dumpable", OK(prctl(PR_GET_DUMPABLE)), 1);
	frame_join(pid);
	/* a subreaper gets the orphans */
	pid_t middle = OK(fork());
	if (middle == 0) {
		if (OK(fork()) == 0)
			_exit(9);
		_exit(0);
	}
	frame_reap(middle, 0);
	frame_reap(-1, 9 << 8);
	return frame_pass();
}
