/*
 * What surrounds a process: working directory, umask, resource limits, niceness, policy, affinity,
 * personality, OOM score, core filter.
 */
#include "frame.h"

#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>

static char *target_of(const char *which)
{
	static char target[512];

	target[OK(readlink(which, target, sizeof(target) - 1))] = 0;
	return target;
}

static void write_file(const char *path, const char *text)
{
	int fd = OK(open(path, O_WRONLY));

	OK(write(fd, text, strlen(text)));
	OK(close(fd));
}

static const struct {
	int resource;
	rlim_t soft, hard;
} limits[] = { { RLIMIT_NOFILE, 777, 1555 }, { RLIMIT_CORE, 0, 4096 },	     { RLIMIT_NPROC, 5000, 6000 },
	       { RLIMIT_STACK, 9 << 20, 64 << 20 }, { RLIMIT_FSIZE, 1UL << 40, 1UL << 41 },
	       { RLIMIT_SIGPENDING, 1000, 2000 },  { RLIMIT_MSGQUEUE, 100000, 200000 } };

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	char *directory = frame_path("directory");
	OK(mkdir(directory, 0700));
	OK(chdir(directory));
	umask(0137);
	for (size_t i = 0; i < COUNT(limits); i++)
		OK(setrlimit(limits[i].resource, &(struct rlimit){ limits[i].soft, limits[i].hard }));
	cpu_set_t cpus, cpus_now;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	OK(sched_setaffinity(0, sizeof(cpus), &cpus));
	OK(sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 }));
	OK(setpriority(PRIO_PROCESS, 0, 7));
	OK(personality(PER_LINUX | ADDR_NO_RANDOMIZE));
	write_file("/proc/self/oom_score_adj", "123");
	write_file("/proc/self/coredump_filter", "0x11");

	frame_wait();
	SABOTAGE("another directory")
		OK(chdir("/"));
	SABOTAGE("another umask")
		umask(022);
	SABOTAGE("a soft limit is another")
		OK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1555, 1555 }));
	SABOTAGE("a hard limit is another")
		OK(setrlimit(RLIMIT_MSGQUEUE, &(struct rlimit){ 100000, 100000 }));
	SABOTAGE("the affinity is lost")
		memset(&cpus_now, 255, sizeof(cpus_now)), OK(sched_setaffinity(0, sizeof(cpus), &cpus_now));
	SABOTAGE("the policy is lost")
		OK(sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ 0 }));
	SABOTAGE("the niceness is another")
		OK(setpriority(PRIO_PROCESS, 0, 8));
	SABOTAGE("the personality is lost")
		OK(personality(0));
	SABOTAGE("the OOM score is another")
		write_file("/proc/self/oom_score_adj", "0");
	SABOTAGE("the core filter is another")
		write_file("/proc/self/coredump_filter", "0x33");

	CHECK_STR("working directory", target_of("/proc/self/cwd"), directory);
	CHECK_STR("root directory", target_of("/proc/self/root"), "/");
	CHECK_STR("umask", frame_proc_value("/proc/self/status", "Umask"), "0137");
	for (size_t i = 0; i < COUNT(limits); i++) {
		struct rlimit now;
		OK(getrlimit(limits[i].resource, &now));
		CHECK_EQ("soft limit", now.rlim_cur, limits[i].soft);
		CHECK_EQ("hard limit", now.rlim_max, limits[i].hard);
	}
	OK(sched_getaffinity(0, sizeof(cpus_now), &cpus_now));
	CHECK("affinity", CPU_EQUAL(&cpus_now, &cpus));
	CHECK_EQ("policy", OK(sched_getscheduler(0)), SCHED_BATCH);
	errno = 0;
	CHECK_EQ("niceness", getpriority(PRIO_PROCESS, 0), 7);
	CHECK_EQ("personality", OK(personality(0xffffffff)), ADDR_NO_RANDOMIZE);
	char *text = frame_read_file("/proc/self/oom_score_adj", NULL);
	CHECK_EQ("OOM score", atoi(text), 123);
	text = frame_read_file("/proc/self/coredump_filter", NULL);
	CHECK_EQ("core filter", strtol(text, NULL, 16), 0x11);
	return frame_pass();
}
