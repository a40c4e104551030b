/*
 * Credentials of three processes: real, effective, saved and filesystem ids that all differ, groups, the five
 * capability sets, securebits, no_new_privs, keepcaps; a thread with ids of its own would be refused.
 */
#include "frame.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>

struct sets {
	struct __user_cap_data_struct data[2];
};

static struct sets capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct sets sets;

	OK(syscall(SYS_capget, &header, sets.data));
	return sets;
}

static void set_capabilities(uint32_t permitted, uint32_t effective, uint32_t inheritable)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct sets sets = { { { effective, permitted, inheritable }, { 0, 0, 0 } } };

	OK(syscall(SYS_capset, &header, sets.data));
}

static void become(int n)
{
	static const gid_t groups[] = { 7, 3, 100000, 65534 };

	OK(setgroups(COUNT(groups), groups));
	for (int cap = 20; cap < 30; cap++)
		OK(prctl(PR_CAPBSET_DROP, cap));
	switch (n) {
	case 0:	/* root without most rights, with an ambient one */
		OK(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS));
		set_capabilities(1 << CAP_CHOWN | 1 << CAP_KILL | 1 << CAP_NET_RAW, 1 << CAP_KILL,
				 1 << CAP_CHOWN | 1 << CAP_KILL);
		OK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
		break;
	case 1:	/* all ids different, capabilities kept */
		OK(prctl(PR_SET_KEEPCAPS, 1));
		OK(setresgid(2001, 2002, 2003));
		OK(setresuid(1001, 1002, 1003));
		set_capabilities(1 << CAP_SETUID | 1 << CAP_SETGID, 1 << CAP_SETUID | 1 << CAP_SETGID, 0);
		setfsuid(1001);
		setfsgid(2001);
		break;
	default: /* an ordinary user that can never be more */
		OK(setresgid(3000, 3000, 3000));
		OK(setresuid(3000, 3000, 3000));
		OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	}
}

/* Everything of /proc/self/status that is about credentials, as text. */
static char *status(void)
{
	static const char *const keys[] = { "Uid",    "Gid",    "Groups", "CapInh", "CapPrm",
					    "CapEff", "CapBnd", "CapAmb", "NoNewPrivs" };
	char *text = NULL;

	for (size_t i = 0; i < COUNT(keys); i++) {
		char *longer, *value = frame_proc_value("/proc/self/status", keys[i]);
		if (asprintf(&longer, "%s%s=%s;", text ? text : "", keys[i], value) < 0)
			abort();
		text = longer;
	}
	return text;
}

int main(int argc, char **argv)
{
	pid_t children[3];

	frame_start(argc, argv);
	char *root_before = status();
	for (int n = 0; n < 3; n++) {
		children[n] = frame_fork();
		if (children[n])
			continue;
		become(n);
		char *before = status();
		struct sets sets = capabilities();
		int bits = OK(prctl(PR_GET_SECUREBITS)), keep = OK(prctl(PR_GET_KEEPCAPS));
		frame_wait();
		SABOTAGE("the groups are others")
			if (n == 1)
				OK(setgroups(0, NULL));
		SABOTAGE("the saved ids are others")
			if (n == 1)
				OK(setresuid(-1, -1, 1002));
		SABOTAGE("a capability is lost")
			if (n == 0)
				set_capabilities(1 << CAP_KILL, 1 << CAP_KILL, 0);
		SABOTAGE("keepcaps is lost")
			if (n == 1)
				OK(prctl(PR_SET_KEEPCAPS, 1 - keep));
		SABOTAGE("no_new_privs is another")
			if (n == 1)
				OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		CHECK_STR("credentials", status(), before);
		struct sets now = capabilities();
		CHECK_MEM("capabilities", &now, &sets, sizeof(now));
		CHECK_EQ("securebits", OK(prctl(PR_GET_SECUREBITS)), bits);
		CHECK_EQ("keepcaps", OK(prctl(PR_GET_KEEPCAPS)), keep);
		frame_pass();
	}
	frame_wait();
	SABOTAGE("root has lost a bound")
		OK(prctl(PR_CAPBSET_DROP, CAP_MKNOD));
	CHECK_STR("credentials of the parent", status(), root_before);
	for (int n = 0; n < 3; n++)
		frame_join(children[n]);
	return frame_pass();
}
