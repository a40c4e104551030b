/* Children that ended and were not waited for: status, death by signal, core flag as it was, name, order of pids. */
#include "frame.h"

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	pid_t exited = OK(fork());
	if (exited == 0) {
		prctl(PR_SET_NAME, "gone");
		_exit(42);
	}
	pid_t killed = OK(fork());
	if (killed == 0) {
		raise(SIGKILL);
		_exit(1);
	}
	pid_t grouped = OK(fork());
	if (grouped == 0) {
		setpgid(0, 0);
		_exit(0);
	}
	siginfo_t info;
	const pid_t all[] = { exited, killed, grouped };
	for (size_t i = 0; i < COUNT(all); i++)
		OK(waitid(P_PID, all[i], &info, WEXITED | WNOWAIT));

	frame_wait();
	SABOTAGE("the zombie is gone")
		OK(waitpid(exited, NULL, 0));
	SABOTAGE("the killed one is gone")
		OK(waitpid(killed, NULL, 0));

	char path[64];
	for (size_t i = 0; i < COUNT(all); i++) {
		snprintf(path, sizeof(path), "/proc/%d/status", all[i]);
		CHECK_EQ("state", *frame_proc_value(path, "State"), 'Z');
	}
	snprintf(path, sizeof(path), "/proc/%d/status", exited);
	CHECK_STR("name", frame_proc_value(path, "Name"), "gone");
	CHECK_EQ("group of a zombie", OK(getpgid(grouped)), grouped);
	CHECK_EQ("session of a zombie", OK(getsid(grouped)), getsid(0));

	memset(&info, 0, sizeof(info));
	OK(waitid(P_PID, killed, &info, WEXITED | WNOWAIT));
	CHECK_EQ("code", info.si_code, CLD_KILLED);
	CHECK_EQ("status", info.si_status, SIGKILL);
	CHECK_EQ("uid", info.si_uid, 0);
	frame_reap(exited, 42 << 8);
	frame_reap(killed, SIGKILL);
	frame_reap(grouped, 0);
	CHECK_ERRNO(waitpid(-1, NULL, WNOHANG), ECHILD);
	return frame_pass();
}
