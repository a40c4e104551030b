/* A process with another root directory and its working directory inside; its parent has the usual one. */
#include "frame.h"

static void check_link(const char *which, const char *expected)
{
	struct stat is, should_be;

	OK(stat(which, &is));
	OK(stat(expected, &should_be));
	CHECK_EQ(which, is.st_ino, should_be.st_ino);
}

int main(int argc, char **argv)
{
	frame_start(argc, argv);
	char *root = frame_path("root"), *inside = frame_path("root/inside");
	OK(mkdir(root, 0755));
	OK(mkdir(inside, 0755));
	OK(close(OK(open(frame_path("root/inside/witness"), O_CREAT | O_WRONLY, 0600))));
	pid_t pid = frame_fork();
	if (pid == 0) {
		OK(chroot(root));
		OK(chdir("/inside"));
	}
	frame_wait();
	if (pid == 0) {
		SABOTAGE("the working directory is another")
			OK(chdir("/"));
		char cwd[64];
		CHECK("getcwd", getcwd(cwd, sizeof(cwd)));
		CHECK_STR("working directory", cwd, "/inside");
		CHECK_EQ("witness in the root", access("/inside/witness", F_OK), 0);
		CHECK_EQ("witness here", access("witness", F_OK), 0);
		CHECK_ERRNO(access("/proc/self", F_OK), ENOENT);
		frame_pass();
	}
	SABOTAGE("the parent has another root")
		OK(chroot(root));
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	check_link(path, root);
	snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
	check_link(path, inside);
	check_link("/proc/self/root", "/");
	frame_join(pid);
	return frame_pass();
}
