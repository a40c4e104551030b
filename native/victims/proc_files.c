/*
 * Files of /proc: of the process itself and of its child, of its main thread, of the machine, with their
 * positions; a directory of descriptors. Each leads to the same process after the restore.
 */
#include "frame.h"

static void check_pid(const char *what, int fd, pid_t pid)
{
	char text[64] = "";

	OK(pread(fd, text, sizeof(text) - 1, 0));
	CHECK_EQ(what, strtol(text, NULL, 10), pid);
}

int main(int argc, char **argv)
{
	char path[64], text[256] = "", before[256] = "";

	frame_start(argc, argv);
	pid_t pid = frame_fork();
	if (pid == 0) {
		frame_wait();
		frame_pass();
	}
	int own = OK(open("/proc/self/stat", O_RDONLY));
	int thread = OK(open("/proc/thread-self/stat", O_RDONLY));
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	int child = OK(open(path, O_RDONLY));
	int score = OK(open("/proc/self/oom_score_adj", O_RDWR));
	int memory = OK(open("/proc/self/mem", O_RDWR));
	int version = OK(open("/proc/version", O_RDONLY));
	int size = OK(open("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", O_RDONLY));
	int directory = OK(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
	static volatile uint64_t word = 0x1234;
	OK(read(version, before, 6));
	OK(pread(version, before, sizeof(before) - 1, 6));
	frame_wait();
	SABOTAGE("a file is of another process")
		OK(dup2(child, own));
	SABOTAGE("the position is lost")
		OK(lseek(version, 0, SEEK_SET));
	SABOTAGE("the memory is of another process") {
		snprintf(path, sizeof(path), "/proc/%d/mem", pid);
		OK(dup2(OK(open(path, O_RDWR)), memory));
	}

	check_pid("own", own, getpid());
	check_pid("main thread", thread, getpid());
	check_pid("child", child, pid);
	OK(pwrite(score, "17", 2, 0));
	CHECK_EQ("oom_score_adj", strtol(frame_read_file("/proc/self/oom_score_adj", NULL), NULL, 10), 17);
	word = 0x5678;
	uint64_t seen = 0;
	CHECK_EQ("memory", OK(pread(memory, &seen, 8, (uintptr_t)&word)), 8);
	CHECK_EQ("memory", seen, 0x5678);
	CHECK("version", OK(read(version, text, sizeof(text) - 1)) > 0);
	CHECK_STR("version", text, before);
	CHECK("sysfs", OK(read(size, text, sizeof(text))) > 0);
	snprintf(path, sizeof(path), "%d", own);
	CHECK_EQ("a descriptor in the directory", faccessat(directory, path, F_OK, 0), 0);
	frame_join(pid);
	return frame_pass();
}
